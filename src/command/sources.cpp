#include "sources.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/core/dtype.hpp"
#include "file_type.hpp"

namespace constformer::command {

namespace {

std::string table_row(std::string_view name, std::string_view type, std::span<std::int64_t const> shape) {
  constexpr std::size_t most = 4;  // file_tensor::extents; a longer shape fits nothing anyway
  std::size_t const rank = std::min(shape.size(), most);
  std::string row = "    {" + literal(name) + ", " + literal(type) + ", " + std::to_string(rank) + ", {";
  for (std::size_t i = 0; i < rank; ++i) row += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return row + "}},\n";
}

std::string unit_head(unit_parts const& unit) {
  return "// The one unit that knows the model's shapes.\n#include " + literal(unit.header) + "\n#include " +
         literal(unit.engine) + "\n\n";
}

std::string made_unit(unit_parts const& unit) {
  return "constformer::HWY_NAMESPACE::" + unit.make + "(" + literal(unit.label) + ")";
}

std::string weights_function(weights_of which) {
  return which == weights_of::model ? "constformer::linked_weights" : "constformer::linked_draft_weights";
}

std::string weights_header(weights_of which) {
  return which == weights_of::model ? "constformer/generate/linked_weights.hpp"
                                    : "constformer/generate/linked_draft.hpp";
}

}  // namespace

// A string literal; bytes that a literal cannot hold as they are become octal escapes.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '?' || byte < 0x20 || byte >= 0x7f) {
      constexpr char digits[] = "01234567";
      out += {'\\', digits[byte >> 6], digits[(byte >> 3) & 7], digits[byte & 7]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string tensor_table(checkpoint const& source) {
  std::string out = "constexpr constformer::file_tensor tensors[]{\n";
  for (tensor_view const& tensor : source.tensors) {
    bool const scaled = tensor.type == dtype::i8;  // with scales: another int8 is not read
    out += table_row(tensor.name, scaled ? "Q8" : file_type(tensor.type), tensor.shape);
  }
  return out + "};\n";
}

std::string check_unit(checkpoint const& source, std::string_view name, std::string_view header) {
  std::string out = "// Compiles only if the checkpoint fills the config.\n#include <string_view>\n\n";
  out +=
      "#include \"constformer/checkpoint/checkpoint_check.hpp\"\n#include " + literal(header) + "\n\nnamespace {\n\n";
  out += "constexpr std::string_view prefix = " + literal(source.prefix) + ";\n\n" + tensor_table(source) +
         "\n}  // namespace\n\n";
  out += "static_assert(constformer::checkpoint_fits<" + std::string(name) + ", tensors, prefix, " +
         (source.linear_in_out ? "true" : "false") + ">::value);\n";
  return out;
}

unit_parts config_unit(std::string_view name, std::string_view label, std::string_view header, layers_by way) {
  bool const lowered = way == layers_by::lowering;
  return {.header = std::string(header),
          .engine = lowered ? "constformer/generate/lowered_engine-inl.hpp" : "constformer/generate/engine-inl.hpp",
          .make = (lowered ? "make_lowered_unit<" : "make_unit<") + std::string(name) + ">",
          .label = std::string(label)};
}

std::string model_unit_source(unit_parts const& unit) {
  return unit_head(unit) +
         "constformer::model_unit const& constformer::linked_unit() {\n"
         "  static model_unit const unit = " +
         made_unit(unit) + ";\n  return unit;\n}\n";
}

std::string draft_unit_source(unit_parts const& draft, std::string_view config, unit_parts const& model,
                              std::string_view model_config) {
  return "// The model that guesses for the program's own.\n#include " + literal(model.header) + "\n#include " +
         literal(draft.header) + "\n#include " + literal(draft.engine) +
         "\n#include \"constformer/config/draft_rules.hpp\"\n#include \"constformer/generate/linked_draft.hpp\"\n\n"
         "static_assert(constformer::draft_fits<" +
         std::string(model_config) + ", " + std::string(config) +
         ">::value);\n\nconstformer::linked_draft constformer::draft_of_program() {\n  static model_unit const unit "
         "= " +
         made_unit(draft) + ";\n  return {&unit, linked_draft_weights()};\n}\n";
}

std::string target_unit_source(unit_parts const& unit, std::string_view function) {
  return unit_head(unit) + "extern \"C\" constformer::model_unit const* " + std::string(function) +
         "() {\n"
         "  static constformer::model_unit const unit = " +
         made_unit(unit) + ";\n  return &unit;\n}\n";
}

std::string choosing_unit_source(std::span<unit_target const> targets) {
  std::string declarations, rows;
  for (unit_target const& target : targets) {
    std::string const function = unit_function(target);
    declarations += "extern \"C\" constformer::model_unit const* " + function + "();\n";
    rows += "      {" + std::string(target.highway) + ", " + function + "},\n";
  }
  return "// Takes the best of the program's model units that the processor has.\n"
         "#include \"hwy/detect_targets.h\"\n\n"
         "#include \"constformer/generate/best_unit.hpp\"\n\n" +
         declarations +
         "\nconstformer::model_unit const& constformer::linked_unit() {\n"
         "  static constexpr unit_of_target units[]{\n" +
         rows + "  };\n  static model_unit const& best = best_unit(units);\n  return best;\n}\n";
}

std::string embedded_weights_source(std::string_view packed, weights_of which) {
  std::string const stem = which == weights_of::model ? "constformer_weights" : "constformer_draft_weights";
  return "// The packed weights, put into the program by the assembler.\n#include <cstddef>\n\n"
         "#include " +
         literal(weights_header(which)) +
         "\n\n"
         "asm(R\"(\n"
         "  .section .rodata\n"
         "  .balign 64\n" +
         stem +
         "_begin:\n"
         "  .incbin " +
         literal(packed) + "\n" + stem +
         "_end:\n"
         "  .byte 0\n"
         "  .globl " +
         stem + "_begin, " + stem +
         "_end\n"
         "  .text\n"
         ")\");\n\n"
         "extern \"C\" std::byte const " +
         stem + "_begin[];\nextern \"C\" std::byte const " + stem + "_end[];\n\nconstformer::weights_place " +
         weights_function(which) + "() {\n  return {.embedded = {" + stem + "_begin, " + stem +
         "_end}, .beside = {}};\n}\n";
}

std::string beside_weights_source(std::string_view file_name, weights_of which) {
  return "// The packed weights are in a file beside the program.\n#include " + literal(weights_header(which)) +
         "\n\nconstformer::weights_place " + weights_function(which) +
         "() { return {.embedded = {}, .beside = " + literal(file_name) + "}; }\n";
}

}  // namespace constformer::command
