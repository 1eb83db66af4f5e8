// appliance RULES: reads events from standard input, one a line, on four engines, and prints each alert as a line of JSON.
//
// One rule set is shared by four threads, each with an engine of its own. The events of one host always go to the same
// thread, so that windows that group by host are whole. SIGHUP compiles the rules anew: each engine goes over to them between
// two events, and what is open in rules that did not change goes on. Counters go to standard error at the end.

#include <caltrop.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

volatile std::sig_atomic_t is_reload_wanted = 0;

void want_reload(int) { is_reload_wanted = 1; }

// What a worker is given: an event, other rules, or the end.
struct Message {
  enum class Kind { event, rules, end } kind;
  std::string raw;
  caltrop::RuleSet rules;
};

// Alerts of all threads go to one output, line by line.
class Output {
public:
  void print(std::string_view line) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::putchar('\n');
  }

private:
  std::mutex mutex_;
};

class Worker {
public:
  Worker(const caltrop::RuleSet &rules, Output &output) : rules_(rules), output_(output), thread_([this] { run(); }) {}

  // Waits while the worker is far behind: nothing is dropped.
  void send(Message message) {
    std::unique_lock<std::mutex> lock(mutex_);
    not_full_.wait(lock, [this] { return messages_.size() < max_messages; });
    messages_.push_back(std::move(message));
    not_empty_.notify_one();
  }

  // Ends it; what it has counted.
  caltrop_counters join() {
    send({Message::Kind::end, {}, {}});
    thread_.join();
    return counters_;
  }

private:
  static constexpr std::size_t max_messages = 4096;

  // The next message; none if nothing comes for a second.
  bool receive(Message &message) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!not_empty_.wait_for(lock, std::chrono::seconds(1), [this] { return !messages_.empty(); })) {
      return false;
    }
    message = std::move(messages_.front());
    messages_.pop_front();
    not_full_.notify_one();
    return true;
  }

  void run() {
    auto print = [this](caltrop::Alert alert) {
      output_.print(alert.json());
      return true;
    };
    caltrop::Engine engine(rules_, print);
    rules_ = caltrop::RuleSet();
    Message message{};
    for (bool is_ended = false; !is_ended;) {
      tell_time(engine);
      if (!receive(message)) {
        continue;
      }
      switch (message.kind) {
        case Message::Kind::event: engine.push(message.raw); break;
        case Message::Kind::rules: engine.swap_ruleset(message.rules); break;
        case Message::Kind::end: is_ended = true; break;
      }
    }
    engine.finish();
    counters_ = engine.counters();
  }

  // About once a second.
  template <typename Engine> void tell_time(Engine &engine) {
    auto now = std::chrono::steady_clock::now();
    if (now - told_ < std::chrono::seconds(1)) {
      return;
    }
    told_ = now;
    auto ns = [](auto time) {
      return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
    };
    engine.advance(ns(std::chrono::system_clock::now()), ns(now));
  }

  caltrop::RuleSet rules_;
  Output &output_;
  std::mutex mutex_;
  std::condition_variable not_empty_, not_full_;
  std::deque<Message> messages_;
  std::chrono::steady_clock::time_point told_{};
  caltrop_counters counters_{};
  std::thread thread_;
};

// Whether `rules` was replaced: rules that cannot be read, or none, leave those that run.
bool compile(const char *path, caltrop::RuleSet &rules) {
  caltrop::Compiler compiler;
  caltrop::RuleSet built;
  std::size_t refused = 0;
  if (compiler.add_folder(path) != CALTROP_OK || compiler.build(built, refused) != CALTROP_OK) {
    std::cerr << "appliance: " << compiler.last_error() << '\n';
    return false;
  }
  compiler.diagnostics([](const caltrop_diagnostic &diagnostic) {
    if (diagnostic.severity == CALTROP_ERROR) {
      std::cerr << caltrop::to_view(diagnostic.rendered) << '\n';
    }
  });
  std::cerr << "appliance: " << built.size() << " rules, " << refused << " refused\n";
  if (built.size() == 0) {
    return false;
  }
  rules = std::move(built);
  return true;
}

// The host of a Windows event in XML; events without one are of one host.
std::string_view host_of(std::string_view raw) {
  constexpr std::string_view open = "<Computer>";
  auto start = raw.find(open);
  if (start == std::string_view::npos) {
    return {};
  }
  start += open.size();
  return raw.substr(start, raw.find('<', start) - start);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: appliance RULES\n";
    return 2;
  }
  std::signal(SIGHUP, want_reload);
  caltrop::RuleSet rules;
  if (!compile(argv[1], rules)) {
    return 1;
  }

  Output output;
  std::array<Worker, 4> workers{{{rules, output}, {rules, output}, {rules, output}, {rules, output}}};
  for (std::string line; std::getline(std::cin, line);) {
    if (is_reload_wanted != 0) {
      is_reload_wanted = 0;
      if (compile(argv[1], rules)) {
        for (Worker &worker : workers) {
          worker.send({Message::Kind::rules, {}, rules});
        }
      }
    }
    auto worker = std::hash<std::string_view>()(host_of(line)) % workers.size();
    workers[worker].send({Message::Kind::event, std::move(line), {}});
  }

  std::uint64_t events = 0, alerts = 0, late = 0;
  for (Worker &worker : workers) {
    caltrop_counters counters = worker.join();
    events += counters.events;
    alerts += counters.alerts;
    late += counters.late_dropped;
  }
  std::cerr << "appliance: " << events << " events, " << alerts << " alerts, " << late << " too late\n";
  return 0;
}
