//! Rows by the networks of one column: an address is looked up once for each length of prefix that the column has, of which
//! there are 33 and 129 at most.

use std::{collections::BTreeSet, net::IpAddr, str};

use foldhash::quality::FixedState;
use hashbrown::HashMap;
use ipnet::IpNet;

use super::{exact::Exact, table::Table};

/// Rows by networks.
#[derive(Debug)]
pub(super) struct Networks {
    rows: HashMap<IpNet, Vec<u32>, FixedState>,
    /// The lengths of prefixes that there are, of IPv4 and of IPv6.
    lengths: [Box<[u8]>; 2],
    /// The cells as texts, for those that are no network and for values that are no address.
    texts: Exact,
}

impl Networks {
    /// The rows of `table` by the networks in `column`.
    pub(super) fn new(table: &Table, column: usize, is_case_sensitive: bool) -> Self {
        let mut rows: HashMap<IpNet, Vec<u32>, FixedState> = HashMap::default();
        let mut lengths = [BTreeSet::new(), BTreeSet::new()];
        for row in table.rows() {
            if let Some(network) = network(table.cell(row, column)) {
                lengths[family(network.addr())].insert(network.prefix_len());
                rows.entry(network).or_default().push(row);
            }
        }
        let lengths = lengths.map(|lengths| lengths.into_iter().collect());
        Self { rows, lengths, texts: Exact::new(table, vec![(0, column)], is_case_sensitive) }
    }

    /// Adds the rows whose network holds the address `text`, in any order.
    pub(super) fn add_rows(&self, table: &Table, text: &[u8], rows: &mut Vec<u32>) {
        let as_text = self.texts.rows(table, &[text]);
        let Some(address) = address(text) else {
            rows.extend_from_slice(as_text);
            return;
        };
        for &length in &self.lengths[family(address)] {
            let network = IpNet::new(address, length).expect("the family has prefixes that long");
            rows.extend(self.rows.get(&network.trunc()).into_iter().flatten());
        }
    }
}

fn family(address: IpAddr) -> usize {
    usize::from(address.is_ipv6())
}

fn address(text: &[u8]) -> Option<IpAddr> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// The network that a cell names; bits beyond its prefix are ignored, an address alone is a network of its own.
fn network(cell: &[u8]) -> Option<IpNet> {
    let text = str::from_utf8(cell).ok()?;
    let network = text.parse().ok().or_else(|| text.parse().ok().map(IpAddr::into));
    network.map(|network: IpNet| network.trunc())
}
