#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "text/sources/tokenizer_json.hpp"

namespace constformer::text {

namespace {

struct known_fields {
  std::string_view type;
  std::string_view fields;  ///< with blanks between them
};

// What is read of each type, or moves offsets only (trim_offsets); Metaspace's str_rep is of old versions.
constexpr std::array known{
    known_fields{"BertNormalizer", "clean_text handle_chinese_chars strip_accents lowercase"},
    known_fields{"Strip", "strip_left strip_right content start stop"},
    known_fields{"Prepend", "prepend"},
    known_fields{"Replace", "pattern content"},
    known_fields{"Precompiled", "precompiled_charsmap"},
    known_fields{"Sequence", "normalizers pretokenizers processors decoders"},
    known_fields{"ByteLevel", "add_prefix_space trim_offsets use_regex"},
    known_fields{"Split", "pattern behavior invert"},
    known_fields{"Metaspace", "replacement prepend_scheme split add_prefix_space str_rep"},
    known_fields{"Digits", "individual_digits"},
    known_fields{"Punctuation", "behavior"},
    known_fields{"TemplateProcessing", "single pair special_tokens"},
    known_fields{"BertProcessing", "cls sep"},
    known_fields{"RobertaProcessing", "cls sep trim_offsets add_prefix_space"},
    known_fields{"WordPiece", "prefix cleanup vocab unk_token continuing_subword_prefix max_input_chars_per_word"},
    known_fields{"BPE",
                 "vocab merges dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback "
                 "ignore_merges"},
    known_fields{"Unigram", "vocab unk_id byte_fallback"},
};

bool holds(std::string_view words, std::string_view word) {
  std::string const padded = " " + std::string(words) + " ";
  return padded.find(" " + std::string(word) + " ") != std::string::npos;
}

void check(json_file const& file, json const& component, int depth) {
  constexpr int deepest = 20;
  if (!component.is_object() || !component.contains("type") || !component["type"].is_string() || depth > deepest)
    return;
  auto const type = component["type"].get<std::string>();
  auto const at = std::ranges::find(known, type, &known_fields::type);
  for (auto const& [field, value] : component.items()) {
    if (field == "type" || value.is_null()) continue;
    if (at != known.end() && !holds(at->fields, field))
      file.fail("field " + field.substr(0, 40) + " of " + type + " is not known");
    if (type == "Sequence" && value.is_array())
      for (json const& part : value) check(file, part, depth + 1);
  }
}

}  // namespace

void check_fields(json_file const& file) {
  constexpr std::string_view parts =
      "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model";
  for (auto const& [part, value] : file.root().items()) {
    if (value.is_null()) continue;
    if (!holds(parts, part)) file.fail("field " + part.substr(0, 40) + " is not known");
    check(file, value, 0);
  }
}

}  // namespace constformer::text
