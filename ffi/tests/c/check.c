#include "check.h"

char *read_file(const char *path, size_t *out_len) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0);
  long len = ftell(file);
  CHECK(len >= 0);
  rewind(file);
  char *bytes = malloc((size_t)len + 1);
  CHECK(bytes != NULL);
  CHECK(fread(bytes, 1, (size_t)len, file) == (size_t)len);
  bytes[len] = '\0';
  fclose(file);
  *out_len = (size_t)len;
  return bytes;
}

caltrop_ruleset *ruleset_of(const char *spl) {
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset;
  size_t refused = 1;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  CHECK_OK(caltrop_compiler_add_spl(compiler, caltrop_cstr("test"), caltrop_cstr(spl)));
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &refused));
  CHECK(refused == 0);
  caltrop_compiler_free(compiler);
  return ruleset;
}

caltrop_ruleset *ruleset_of_folder(const char *path) {
  caltrop_compiler *compiler;
  caltrop_ruleset *ruleset;
  size_t files, refused;
  CHECK_OK(caltrop_compiler_new(NULL, &compiler));
  CHECK_OK(caltrop_compiler_add_folder(compiler, caltrop_cstr(path), &files));
  CHECK_OK(caltrop_compiler_build(compiler, &ruleset, &refused));
  CHECK(files > 0 && refused == 0);
  caltrop_compiler_free(compiler);
  return ruleset;
}

int32_t count_alert(const caltrop_alert *alert, void *userdata) {
  caltrop_str json;
  CHECK_OK(caltrop_alert_json(alert, &json));
  CHECK(json.len > 0);
  *(size_t *)userdata += 1;
  return 0;
}

int is_text(caltrop_str text, const char *expected) {
  return text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
}

int holds(caltrop_str text, const char *part) {
  size_t len = strlen(part);
  for (size_t at = 0; at + len <= text.len; at++) {
    if (memcmp(text.ptr + at, part, len) == 0) {
      return 1;
    }
  }
  return 0;
}
