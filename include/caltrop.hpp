// caltrop for C++17: the handles of caltrop.h as types that free themselves.
//
// Nothing here throws, and nothing needs exceptions or RTTI. What can fail gives a status: CALTROP_OK is success, and
// last_error() has the sentence. A default-constructed or moved-from object holds nothing; calls on it give
// CALTROP_E_ARGUMENT. The threads, lifetimes and null rules of caltrop.h hold here as well.

#ifndef CALTROP_HPP
#define CALTROP_HPP

#include "caltrop.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

namespace caltrop {

inline caltrop_str to_str(std::string_view text) noexcept {
  // An empty text is not the same as none.
  return {text.data() == nullptr ? "" : text.data(), text.size()};
}

inline std::string_view to_view(caltrop_str text) noexcept {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

// One column of an alert's row.
struct Field {
  std::string_view name;
  // The first value, for most fields the only one; Alert::value gives the others.
  std::string_view value;
  std::size_t value_count = 0;
};

// What a callback is given; it dies when the callback returns. `for (Field field : alert)` walks its row.
class Alert {
public:
  class Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using pointer = const Field *;
    using reference = Field;

    Iterator(const caltrop_alert *alert, std::size_t index) noexcept : alert_(alert), index_(index) {}

    Field operator*() const noexcept {
      caltrop_field field = {};
      caltrop_alert_field(alert_, index_, &field);
      return {to_view(field.name), to_view(field.value), field.value_count};
    }
    Iterator &operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator &other) const noexcept { return index_ == other.index_; }
    bool operator!=(const Iterator &other) const noexcept { return index_ != other.index_; }

  private:
    const caltrop_alert *alert_;
    std::size_t index_;
  };

  explicit Alert(const caltrop_alert *alert) noexcept : alert_(alert) {}

  // All that caltrop.h knows of it: time_s, window_start_s, key, revision, partial and so on.
  const caltrop_alert *operator->() const noexcept { return alert_; }

  std::string_view rule_path() const noexcept { return to_view(alert_->rule_path); }
  std::string_view rule_id() const noexcept { return to_view(alert_->rule_id); }
  std::string_view rule_title() const noexcept { return to_view(alert_->rule_title); }

  Iterator begin() const noexcept { return Iterator(alert_, 0); }
  Iterator end() const noexcept { return Iterator(alert_, alert_->field_count); }

  // Empty if there is no such field or value.
  std::string_view value(std::size_t field_index, std::size_t value_index) const noexcept {
    caltrop_str value = {};
    caltrop_alert_value(alert_, field_index, value_index, &value);
    return to_view(value);
  }

  std::string_view json() const noexcept {
    caltrop_str json = {};
    caltrop_alert_json(alert_, &json);
    return to_view(json);
  }

private:
  const caltrop_alert *alert_;
};

// Compiled rules. A copy is another reference to the same rules.
class RuleSet {
public:
  RuleSet() noexcept = default;
  // Takes over the reference.
  explicit RuleSet(caltrop_ruleset *owned) noexcept : ruleset_(owned) {}
  RuleSet(const RuleSet &other) noexcept : ruleset_(other.ruleset_) { caltrop_ruleset_ref(ruleset_); }
  RuleSet(RuleSet &&other) noexcept : ruleset_(std::exchange(other.ruleset_, nullptr)) {}
  RuleSet &operator=(RuleSet other) noexcept {
    std::swap(ruleset_, other.ruleset_);
    return *this;
  }
  ~RuleSet() { caltrop_ruleset_unref(ruleset_); }

  std::size_t size() const noexcept { return caltrop_ruleset_len(ruleset_); }

  // Replaced on success only.
  caltrop_status load(std::string_view bytes) noexcept {
    caltrop_ruleset *loaded = nullptr;
    caltrop_status status = caltrop_ruleset_load(to_str(bytes), caltrop_str{nullptr, 0}, &loaded);
    if (status == CALTROP_OK) {
      *this = RuleSet(loaded);
    }
    return status;
  }
  // Calls `write(std::string_view) -> bool` once with all bytes; false says that they could not be kept. It must not throw.
  template <typename Write> caltrop_status save(Write write) const noexcept {
    auto call = [](caltrop_str bytes, void *userdata) noexcept -> std::int32_t {
      return (*static_cast<Write *>(userdata))(to_view(bytes)) ? 0 : 1;
    };
    return caltrop_ruleset_save(ruleset_, call, &write);
  }

  // What is known of a rule; empty if there is none at `index`.
  caltrop_rule_info rule(std::size_t index) const noexcept {
    caltrop_rule_info info = {};
    info.struct_size = sizeof info;
    caltrop_ruleset_rule(ruleset_, index, &info);
    return info;
  }

  // Calls `visit(std::string_view)` for each text of a rule; `what` is one of CALTROP_RULE_*. It must not throw.
  template <typename Visit> void texts(std::size_t index, std::uint32_t what, Visit visit) const noexcept {
    caltrop_str text = {};
    for (std::size_t at = 0; caltrop_ruleset_text(ruleset_, index, what, at, &text) == CALTROP_OK; ++at) {
      visit(to_view(text));
    }
  }

  explicit operator bool() const noexcept { return ruleset_ != nullptr; }
  const caltrop_ruleset *get() const noexcept { return ruleset_; }

private:
  caltrop_ruleset *ruleset_ = nullptr;
};

// Rule texts to a rule set.
class Compiler {
public:
  Compiler() noexcept {
    caltrop_compiler *compiler = nullptr;
    caltrop_compiler_new(nullptr, &compiler);
    compiler_.reset(compiler);
  }

  caltrop_status add_yaml(std::string_view path, std::string_view text) noexcept {
    return caltrop_compiler_add_yaml(compiler_.get(), to_str(path), to_str(text));
  }
  caltrop_status add_spl(std::string_view name, std::string_view spl) noexcept {
    return caltrop_compiler_add_spl(compiler_.get(), to_str(name), to_str(spl));
  }
  caltrop_status add_knowledge(std::string_view path, std::string_view text) noexcept {
    return caltrop_compiler_add_knowledge(compiler_.get(), to_str(path), to_str(text));
  }
  caltrop_status add_file(std::string_view path) noexcept {
    return caltrop_compiler_add_file(compiler_.get(), to_str(path));
  }
  caltrop_status add_folder(std::string_view path) noexcept {
    return caltrop_compiler_add_folder(compiler_.get(), to_str(path), nullptr);
  }
  caltrop_status add_app(std::string_view path) noexcept {
    return caltrop_compiler_add_app(compiler_.get(), to_str(path));
  }
  caltrop_status add_lookup(std::string_view name, std::string_view csv) noexcept {
    return caltrop_compiler_add_lookup(compiler_.get(), to_str(name), to_str(csv));
  }
  caltrop_status set_locations(std::string_view database) noexcept {
    return caltrop_compiler_set_locations(compiler_.get(), to_str(database));
  }

  // `rules` is replaced on success only; `refused` is how many rules were left out.
  caltrop_status build(RuleSet &rules, std::size_t &refused) noexcept {
    caltrop_ruleset *built = nullptr;
    caltrop_status status = caltrop_compiler_build(compiler_.get(), &built, &refused);
    if (status == CALTROP_OK) {
      rules = RuleSet(built);
    }
    return status;
  }

  // Calls `report(const caltrop_diagnostic &)` for each diagnostic of the last build. It must not throw.
  template <typename Report> caltrop_status diagnostics(Report report) noexcept {
    auto call = [](const caltrop_diagnostic *diagnostic, void *userdata) noexcept -> std::int32_t {
      (*static_cast<Report *>(userdata))(*diagnostic);
      return 0;
    };
    return caltrop_compiler_diagnostics(compiler_.get(), call, &report);
  }

  std::string_view last_error() const noexcept { return to_view(caltrop_compiler_last_error(compiler_.get())); }

private:
  struct Free {
    void operator()(caltrop_compiler *compiler) const noexcept { caltrop_compiler_free(compiler); }
  };
  std::unique_ptr<caltrop_compiler, Free> compiler_;
};

// Options with their defaults.
inline caltrop_engine_options default_options() noexcept {
  caltrop_engine_options options = {};
  options.struct_size = sizeof options;
  caltrop_engine_options_default(&options);
  return options;
}

// One event of which nothing but its text is known.
inline caltrop_event event_of(std::string_view raw) noexcept {
  caltrop_event event = {};
  event.struct_size = sizeof event;
  event.raw = to_str(raw);
  return event;
}

// One stream of events. `OnAlert` is called as `bool on_alert(Alert)`: false asks to stop, see caltrop_alert_fn. It must
// not throw.
template <typename OnAlert> class Engine {
public:
  Engine(const RuleSet &rules, OnAlert on_alert, const caltrop_engine_options &options = default_options())
      : on_alert_(std::make_unique<OnAlert>(std::move(on_alert))) {
    caltrop_engine *engine = nullptr;
    status_ = caltrop_engine_new(rules.get(), &options, call, on_alert_.get(), &engine);
    engine_.reset(engine);
  }

  // Whether it could be made.
  caltrop_status status() const noexcept { return status_; }
  explicit operator bool() const noexcept { return engine_ != nullptr; }

  caltrop_status push(std::string_view raw) noexcept { return push(event_of(raw)); }
  caltrop_status push(const caltrop_event &event) noexcept { return caltrop_engine_push(engine_.get(), &event); }
  caltrop_status push_batch(const caltrop_event *events, std::size_t count, std::size_t *pushed = nullptr) noexcept {
    return caltrop_engine_push_batch(engine_.get(), events, count, pushed);
  }
  caltrop_status push_fields(const caltrop_event &event, const caltrop_pair *pairs, std::size_t count) noexcept {
    return caltrop_engine_push_fields(engine_.get(), &event, pairs, count);
  }
  caltrop_status advance(std::int64_t wall_ns, std::int64_t mono_ns) noexcept {
    return caltrop_engine_advance(engine_.get(), wall_ns, mono_ns);
  }
  caltrop_status finish() noexcept { return caltrop_engine_finish(engine_.get()); }
  caltrop_status interrupt() noexcept { return caltrop_engine_interrupt(engine_.get()); }
  caltrop_status reset() noexcept { return caltrop_engine_reset(engine_.get()); }

  // Calls `visit(const caltrop_pass &)` for each rule that the last event or batch has passed. It must not throw.
  template <typename Visit> void passes(Visit visit) noexcept {
    const caltrop_pass *passes = nullptr;
    std::size_t count = 0;
    caltrop_engine_passes(engine_.get(), &passes, &count);
    for (std::size_t index = 0; index < count; ++index) {
      visit(passes[index]);
    }
  }

  caltrop_status enable_rule(std::size_t index, bool is_enabled) noexcept {
    return caltrop_engine_enable_rule(engine_.get(), index, is_enabled ? 1 : 0);
  }
  // `transfer` says what goes on, if its struct_size is set.
  caltrop_status swap_ruleset(const RuleSet &rules, caltrop_transfer *transfer = nullptr) noexcept {
    return caltrop_engine_swap_ruleset(engine_.get(), rules.get(), transfer);
  }
  // Calls `write(std::string_view) -> bool` once with the state; false says that it could not be kept. It must not throw.
  template <typename Write> caltrop_status state_save(Write write) noexcept {
    auto call = [](caltrop_str bytes, void *userdata) noexcept -> std::int32_t {
      return (*static_cast<Write *>(userdata))(to_view(bytes)) ? 0 : 1;
    };
    return caltrop_engine_state_save(engine_.get(), call, &write);
  }
  caltrop_status state_load(std::string_view state, caltrop_transfer *transfer = nullptr) noexcept {
    return caltrop_engine_state_load(engine_.get(), to_str(state), transfer);
  }
  // The rule at `index` that the last swap or load left out; CALTROP_E_ARGUMENT behind the last.
  caltrop_status left_out(std::size_t index, caltrop_left_out &rule) noexcept {
    rule.struct_size = sizeof rule;
    return caltrop_engine_left_out(engine_.get(), index, &rule);
  }
  caltrop_status set_log(caltrop_log_fn on_line, void *userdata) noexcept {
    return caltrop_engine_set_log(engine_.get(), on_line, userdata);
  }

  caltrop_counters counters() const noexcept {
    caltrop_counters counters = {};
    counters.struct_size = sizeof counters;
    caltrop_engine_counters(engine_.get(), &counters);
    return counters;
  }
  caltrop_rule_counters rule_counters(std::size_t index) const noexcept {
    caltrop_rule_counters counters = {};
    counters.struct_size = sizeof counters;
    caltrop_engine_rule_counters(engine_.get(), index, &counters);
    return counters;
  }
  std::string_view last_error() const noexcept { return to_view(caltrop_engine_last_error(engine_.get())); }

private:
  struct Free {
    void operator()(caltrop_engine *engine) const noexcept { caltrop_engine_free(engine); }
  };

  static std::int32_t call(const caltrop_alert *alert, void *userdata) noexcept {
    return (*static_cast<OnAlert *>(userdata))(Alert(alert)) ? 0 : 1;
  }

  // It stays where it is when the engine moves, for caltrop keeps its address.
  std::unique_ptr<OnAlert> on_alert_;
  std::unique_ptr<caltrop_engine, Free> engine_;
  caltrop_status status_ = CALTROP_OK;
};

} // namespace caltrop

#endif // CALTROP_HPP
