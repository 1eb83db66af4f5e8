// demo RULE EVENTS: as demo.c, through caltrop.hpp.

#include <caltrop.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      std::fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                               \
    }                                                                             \
  } while (0)

static std::string read_file(const char *path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

static caltrop::RuleSet compile(const char *path) {
  caltrop::Compiler compiler;
  CHECK(compiler.add_yaml("no.txt", "") == CALTROP_E_ARGUMENT);
  CHECK(compiler.last_error() == "`no.txt` ends in neither .yml nor .yaml");
  CHECK(compiler.add_yaml("rules/wmi_subscription_execution.yml", read_file(path)) == CALTROP_OK);
  CHECK(compiler.add_spl("bad", "word | tabel x") == CALTROP_OK);
  caltrop::RuleSet rules;
  std::size_t refused = 0;
  CHECK(compiler.build(rules, refused) == CALTROP_OK && refused == 1);
  std::string code;
  CHECK(compiler.diagnostics([&](const caltrop_diagnostic &found) { code = caltrop::to_view(found.code); }) == CALTROP_OK);
  CHECK(code == "E0304");
  return rules;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  caltrop::RuleSet rules = compile(argv[1]);
  caltrop::RuleSet copy = rules;
  rules = caltrop::RuleSet();
  CHECK(!rules && rules.size() == 0 && copy.size() == 1);

  std::size_t fields = 0;
  auto print = [&](caltrop::Alert alert) {
    CHECK(alert.rule_id() == "5975.18225" && alert->revision == 0);
    std::size_t index = 0;
    for (caltrop::Field field : alert) {
      CHECK(!field.name.empty() && field.value_count >= 1);
      CHECK(alert.value(index++, 0) == field.value);
      fields++;
    }
    std::string json(alert.json());
    std::puts(json.c_str());
    return true;
  };
  caltrop::Engine first(copy, print);
  CHECK(first);
  caltrop::Engine engine = std::move(first);
  CHECK(!first && first.finish() == CALTROP_E_ARGUMENT);

  std::ifstream events(argv[2], std::ios::binary);
  for (std::string line; std::getline(events, line);) {
    CHECK(engine.push(line) == CALTROP_OK);
  }
  std::string file;
  caltrop::RuleSet loaded;
  CHECK(copy.save([&](std::string_view bytes) { file = bytes; return true; }) == CALTROP_OK);
  CHECK(loaded.load("no rules") == CALTROP_E_FORMAT && !loaded);
  CHECK(loaded.load(file) == CALTROP_OK && loaded.size() == 1);
  std::string state;
  auto keep = [&](std::string_view bytes) { state = bytes; return true; };
  CHECK(engine.state_save(keep) == CALTROP_OK && engine.state_load("no state") == CALTROP_E_FORMAT);
  caltrop_transfer transfer = {};
  transfer.struct_size = sizeof transfer;
  CHECK(engine.swap_ruleset(copy, &transfer) == CALTROP_OK && transfer.left_out_count == 0);
  caltrop_left_out left_out = {};
  CHECK(engine.left_out(0, left_out) == CALTROP_E_ARGUMENT);
  std::size_t techniques = 0;
  copy.texts(0, CALTROP_RULE_TECHNIQUE, [&](std::string_view) { techniques++; });
  CHECK(techniques == copy.rule(0).technique_count && techniques > 0);
  CHECK(engine.finish() == CALTROP_OK);
  CHECK(engine.rule_counters(0).passed == 9);
  CHECK(engine.counters().alerts == 7 && fields > 7);

  caltrop_engine_options options = caltrop::default_options();
  options.mode = 9;
  caltrop::Engine refused(copy, print, options);
  CHECK(!refused && refused.status() == CALTROP_E_ARGUMENT);
  return 0;
}
