//! Figures on a page: the block of it that a program writes, and curves as pictures.

use std::fmt::Write as _;

/// `page` with `text` in the place of what stands in the block `name`: between the lines `<!-- NAME: begin -->` and
/// `<!-- NAME: end -->`. `None` if it has no such block.
#[must_use]
pub fn with_block(page: &str, name: &str, text: &str) -> Option<String> {
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {name}: {edge} -->\n"));
    let start = page.find(&begin)? + begin.len();
    let stop = start + page[start..].find(&end)?;
    Some(format!("{}{}\n{}", &page[..start], text.trim_end(), &page[stop..]))
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Its height over each mark, from the left.
    pub heights: Vec<f64>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 44.0;
/// Colours that people tell apart who see red and green alike.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

/// A line chart as SVG: `marks` stand side by side below, `unit` says what the heights are. Heights begin at zero.
#[must_use]
pub fn chart(title: &str, marks: &[&str], unit: &str, lines: &[Line]) -> String {
    let top = lines.iter().flat_map(|line| &line.heights).copied().fold(1.0, f64::max);
    let step = step(top);
    let steps = (top / step).ceil();
    let y = |height: f64| HEIGHT - BOTTOM - height / (steps * step) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' font-family='sans-serif' font-size='12'>\n\
         <rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>\n\
         <text x='{LEFT}' y='20' font-size='14' font-weight='bold'>{title}</text>\n"
    );
    let mut height = 0.0;
    while height <= steps * step {
        let (y, right) = (y(height), WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<line x1='{LEFT}' y1='{y:.1}' x2='{right}' y2='{y:.1}' stroke='#ddd'/>\
             <text x='{:.1}' y='{:.1}' text-anchor='end'>{height}</text>",
            LEFT - 6.0,
            y + 4.0
        );
        height += step;
    }
    let xs = places(marks.len());
    for (mark, x) in marks.iter().zip(&xs) {
        let _ = writeln!(
            svg,
            "<text x='{x:.1}' y='{:.1}' text-anchor='middle'>{mark}</text>",
            HEIGHT - BOTTOM + 18.0
        );
    }
    let _ = writeln!(svg, "<text x='{LEFT}' y='{:.1}' fill='#555'>{unit}</text>", HEIGHT - 8.0);
    for (number, line) in lines.iter().enumerate() {
        draw(&mut svg, line, COLOURS[number % COLOURS.len()], &xs, &y, number);
    }
    svg + "</svg>\n"
}

fn draw(
    svg: &mut String,
    line: &Line,
    colour: &str,
    xs: &[f64],
    y: &impl Fn(f64) -> f64,
    number: usize,
) {
    let points: Vec<_> = xs.iter().zip(&line.heights).map(|(x, &height)| (*x, y(height))).collect();
    let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='2'/>",
        path.join(" ")
    );
    for (x, y) in &points {
        let _ = writeln!(svg, "<circle cx='{x:.1}' cy='{y:.1}' r='3' fill='{colour}'/>");
    }
    let place = TOP + 8.0 + 18.0 * u32::try_from(number).map_or(0.0, f64::from);
    let _ = writeln!(
        svg,
        "<rect x='{:.1}' y='{:.1}' width='10' height='10' fill='{colour}'/><text x='{:.1}' y='{:.1}'>{}</text>",
        WIDTH - RIGHT + 12.0,
        place - 9.0,
        WIDTH - RIGHT + 28.0,
        place,
        line.name
    );
}

/// Where marks stand: as far from each other as from the edges of the chart, twice over.
fn places(marks: usize) -> Vec<f64> {
    let count = u32::try_from(marks.max(1)).map_or(1.0, f64::from);
    let width = (WIDTH - LEFT - RIGHT) / count;
    (0..marks)
        .map(|mark| LEFT + width * (u32::try_from(mark).map_or(0.0, f64::from) + 0.5))
        .collect()
}

/// A round number, of which four to ten reach `top`.
fn step(top: f64) -> f64 {
    let power = 10_f64.powf(top.log10().floor());
    let scaled = top / power;
    power
        * if scaled < 2.0 {
            0.25
        } else if scaled < 5.0 {
            0.5
        } else {
            1.0
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_replaced_and_the_rest_stays() {
        let page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        let expected = "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n";
        assert_eq!(with_block(page, "x", "new\n").as_deref(), Some(expected));
        assert_eq!(with_block(page, "y", "new"), None);
    }

    #[test]
    fn a_chart_has_a_point_for_each_height_and_round_numbers_beside() {
        let line = Line { name: "speed".to_owned(), heights: vec![180.0, 90.0] };
        let svg = chart("title", &["1", "10"], "MB/s", &[line]);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains(">175<") && svg.contains(">200<"), "{svg}");
    }
}
