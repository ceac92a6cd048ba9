#include "config_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/config/weight_types.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

namespace {

constexpr std::size_t widest_line = 120;

std::string literal(int value) { return std::to_string(value); }
std::string literal(bool value) { return value ? "true" : "false"; }

std::string literal(float value) {
  std::array<char, 64> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "F";
}

// The factors, up to the last that is not 0.
std::string literal(factor_table const& table) {
  std::string out, pending;
  for (float const value : table.values) {
    pending += std::string(out.empty() && pending.empty() ? "" : ", ") + literal(value);
    if (value != 0) out += std::exchange(pending, {});
  }
  return "factor_table{{" + out + "}}";
}

// The words of a set of layers, up to the last that is not 0.
std::string literal(layer_set const& set) {
  std::string out, pending;
  for (std::uint64_t const word : set.words) {
    std::array<char, 16> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), word, 16).ptr;
    pending += std::string(out.empty() && pending.empty() ? "" : ", ") + "0x" + std::string(digits.data(), end) + "U";
    if (word != 0) out += std::exchange(pending, {});
  }
  return "layer_set{{" + out + "}}";
}

std::string literal(dtype value);

// One line for each.
std::string literal(weight_types const& types) {
  std::string out = "weight_types{{";
  for (int i = 0; i < types.count; ++i) {
    weight_type const& one = types.list[i];
    out += std::string(i == 0 ? "" : ",") + "\n               {weight_kind::" + std::string(name_of(one.kind)) + ", " +
           literal(one.type) + ", " + literal(one.layers) + (one.encoder ? ", true}" : "}");
  }
  return out + "}, " + std::to_string(types.count) + "}";
}

std::string literal(dtype value) { return "dtype::" + std::string(name_of(value)); }

template <class Kind>
  requires requires(Kind kind) { kind_names(kind); }
std::string literal(Kind value) {
  constexpr std::string_view type = [] {
    if constexpr (std::same_as<Kind, norm_kind>) return "norm_kind";
    if constexpr (std::same_as<Kind, norm_place>) return "norm_place";
    if constexpr (std::same_as<Kind, activation_kind>) return "activation_kind";
    if constexpr (std::same_as<Kind, position_kind>) return "position_kind";
    if constexpr (std::same_as<Kind, rope_style>) return "rope_style";
    if constexpr (std::same_as<Kind, rope_scaling_kind>) return "rope_scaling_kind";
    if constexpr (std::same_as<Kind, mask_kind>) return "mask_kind";
    if constexpr (std::same_as<Kind, head_kind>) return "head_kind";
    if constexpr (std::same_as<Kind, classifier_kind>) return "classifier_kind";
    if constexpr (std::same_as<Kind, family_kind>) return "family_kind";
  }();
  return std::string(type) + "::" + std::string(name_of(value));
}

// Every field, in the order of config.hpp. A field that is missing here is caught by the test that compiles headers.
template <class Visit>
void for_each_field(config const& c, Visit visit) {
  visit("family", c.family);
  visit("layers", c.layers);
  visit("d_model", c.d_model);
  visit("heads", c.heads);
  visit("kv_heads", c.kv_heads);
  visit("head_dim", c.head_dim);
  visit("d_ff", c.d_ff);
  visit("vocab", c.vocab);
  visit("positions", c.positions);
  visit("first_position", c.first_position);
  visit("segments", c.segments);
  visit("capacity", c.capacity);
  visit("norm", c.norm);
  visit("place", c.place);
  visit("norm_eps", c.norm_eps);
  visit("norm_bias", c.norm_bias);
  visit("embedding_norm", c.embedding_norm);
  visit("residual_scale", c.residual_scale);
  visit("norm_weight", c.norm_weight);
  visit("norm_adds_one", c.norm_adds_one);
  visit("parallel", c.parallel);
  visit("smear_inputs", c.smear_inputs);
  visit("residual_gains", c.residual_gains);
  visit("backout", c.backout);
  visit("activation", c.activation);
  visit("gated", c.gated);
  visit("position", c.position);
  visit("rope.style", c.rope.style);
  visit("rope.theta", c.rope.theta);
  visit("rope.rotary_dims", c.rope.rotary_dims);
  visit("rope.planes", c.rope.planes);
  visit("rope.f16_frequencies", c.rope.f16_frequencies);
  visit("rope.scaling", c.rope.scaling);
  visit("rope.factor", c.rope.factor);
  visit("rope.original_positions", c.rope.original_positions);
  visit("rope.low_freq_factor", c.rope.low_freq_factor);
  visit("rope.high_freq_factor", c.rope.high_freq_factor);
  visit("rope.beta_fast", c.rope.beta_fast);
  visit("rope.beta_slow", c.rope.beta_slow);
  visit("rope.truncate", c.rope.truncate);
  visit("rope.short_factors", c.rope.short_factors);
  visit("rope.long_factors", c.rope.long_factors);
  visit("rope.backwards", c.rope.backwards);
  visit("rope.attention_factor", c.rope.attention_factor);
  visit("relative.buckets", c.relative.buckets);
  visit("relative.max_distance", c.relative.max_distance);
  visit("embedding_scale", c.embedding_scale);
  visit("zero_start", c.zero_start);
  visit("mask", c.mask);
  visit("prefix.end", c.prefix.end);
  visit("prefix.blank", c.prefix.blank);
  visit("prefix.other_blank", c.prefix.other_blank);
  visit("window", c.window);
  visit("unwindowed", c.unwindowed);
  visit("scale_scores", c.scale_scores);
  visit("scale_scores_by_layer", c.scale_scores_by_layer);
  visit("score_gain", c.score_gain);
  visit("score_softcap", c.score_softcap);
  visit("qk_norm", c.qk_norm);
  visit("qk_norm_last", c.qk_norm_last);
  visit("value_layers", c.value_layers);
  visit("value_gate_inputs", c.value_gate_inputs);
  visit("value_gate_limit", c.value_gate_limit);
  visit("bias_qkv", c.bias_qkv);
  visit("bias_attention_output", c.bias_attention_output);
  visit("bias_ffn", c.bias_ffn);
  visit("bias_head", c.bias_head);
  visit("head", c.head);
  visit("tied", c.tied);
  visit("logit_scale", c.logit_scale);
  visit("logit_softcap", c.logit_softcap);
  visit("pooler", c.pooler);
  visit("pooler_activation", c.pooler_activation);
  visit("classifier", c.classifier);
  visit("labels", c.labels);
  visit("encoder.layers", c.encoder.layers);
  visit("encoder.heads", c.encoder.heads);
  visit("encoder.head_dim", c.encoder.head_dim);
  visit("encoder.d_ff", c.encoder.d_ff);
  visit("encoder.vocab", c.encoder.vocab);
  visit("weights", c.weights);
  visit("group", c.group);
  visit("types", c.types);
  visit("inputs", c.inputs);
  visit("kv_dtype", c.kv_dtype);
}

using field_value = std::pair<std::string_view, std::string>;

std::vector<field_value> fields_of(config const& c) {
  std::vector<field_value> out;
  for_each_field(c, [&](std::string_view name, auto value) { out.emplace_back(name, literal(value)); });
  return out;
}

// What `shape` takes over from other fields by itself is left out.
shape shape_of(config const& c) {
  shape s{.layers = c.layers, .d_model = c.d_model, .heads = c.heads, .vocab = c.vocab, .positions = c.positions};
  if (c.kv_heads != c.heads) s.kv_heads = c.kv_heads;
  if (c.heads <= 0 || c.head_dim != c.d_model / c.heads) s.head_dim = c.head_dim;
  if (c.d_ff != 4 * c.d_model) s.d_ff = c.d_ff;
  return s;
}

config base_of(config const& c, shape const& s) {
  switch (c.family) {
    case family_kind::mistral: return mistral(s, c.window);
    case family_kind::qwen2: return qwen2(s);
    case family_kind::qwen3: return qwen3(s);
    case family_kind::gemma: return gemma(s);
    case family_kind::gemma2: return gemma2(s, c.window);
    case family_kind::phi3: return phi3(s);
    case family_kind::gpt_neox: return gpt_neox(s);
    case family_kind::glm: return glm(s);
    case family_kind::glm4: return glm4(s);
    case family_kind::chatglm: return chatglm(s);
    case family_kind::chatglm_6b: return chatglm_6b(s, c.prefix);
    case family_kind::nanochat: return nanochat(s);
    case family_kind::gpt2: return gpt2(s);
    case family_kind::gpt_neo: return gpt_neo(s, c.window);
    case family_kind::bert: return bert(s);
    case family_kind::roberta: return roberta(s);
    case family_kind::distilbert: return distilbert(s);
    case family_kind::t5: return t5(s);
    case family_kind::t5_v1_1: return t5_v1_1(s);
    case family_kind::marian: return marian(s);
    case family_kind::opennmt: return opennmt(s, c.encoder.vocab);
    case family_kind::ctranslate2_decoder: return ctranslate2_decoder(s);
    case family_kind::lecture: return lecture(s, c.encoder.vocab);
    case family_kind::llama: break;
  }
  return llama(s);
}

std::string call_of(config const& c, shape const& s) {
  std::string out = std::string(name_of(c.family)) + "({";
  auto const put = [&](char const* name, int value) {
    if (value == 0) return;
    if (out.back() != '{') out += ", ";
    out += std::string(".") + name + " = " + std::to_string(value);
  };
  put("layers", s.layers);
  put("d_model", s.d_model);
  put("heads", s.heads);
  put("kv_heads", s.kv_heads);
  put("head_dim", s.head_dim);
  put("d_ff", s.d_ff);
  put("vocab", s.vocab);
  put("positions", s.positions);
  std::string more;
  if (c.family == family_kind::mistral || c.family == family_kind::gemma2 || c.family == family_kind::gpt_neo)
    more = ", " + std::to_string(c.window);
  if (c.family == family_kind::opennmt || c.family == family_kind::lecture)
    more = ", " + std::to_string(c.encoder.vocab);
  if (c.family == family_kind::chatglm_6b)
    more = ", {.end = " + std::to_string(c.prefix.end) + ", .blank = " + std::to_string(c.prefix.blank) +
           ", .other_blank = " + std::to_string(c.prefix.other_blank) + "}";
  return out + "}" + more + ")";
}

std::vector<std::string> changes_of(config const& c, config const& base) {
  auto const wanted = fields_of(c);
  auto const given = fields_of(base);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] != given[i]) out.push_back("c." + std::string(wanted[i].first) + " = " + wanted[i].second + ";");
  return out;
}

// Breaks an initialiser list after a comma when a line would be too wide.
std::string wrapped(std::string const& first, std::string const& text, std::string const& indent) {
  std::string out = first;
  std::size_t column = first.size() - (first.rfind('\n') + 1);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find(", ", begin);
    end = end == std::string::npos ? text.size() : end + 1;
    std::string word = text.substr(begin, end - begin);
    if (column + word.size() + 2 > widest_line) {
      while (out.ends_with(' ')) out.pop_back();
      out += "\n" + indent;
      column = indent.size();
      if (word.starts_with(' ')) word.erase(0, 1);
    }
    out += word;
    column += word.size();
    begin = end;
  }
  return out;
}

// A tensor folder may be called anything; a comment must stay one line.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') c = '?';
  return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<std::string_view, 97> keywords{
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
    "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
    "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "return", "short", "signed",
    "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local", "throw",
    "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile",
    "wchar_t", "while", "xor", "xor_eq",
    // What the header itself says inside namespace constformer.
    "config", "with", "linux", "unix", "assert"};

bool is_keyword(std::string_view name) { return std::find(keywords.begin(), keywords.end(), name) != keywords.end(); }

}  // namespace

bool is_identifier(std::string_view name) {
  if (name.empty() || !is_letter(name.front()) || is_keyword(name) || name.find("__") != std::string_view::npos)
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::string identifier_from(std::filesystem::path const& path) {
  std::filesystem::path const normal = std::filesystem::absolute(path).lexically_normal();
  std::filesystem::path const last = normal.has_filename() ? normal : normal.parent_path();
  bool const is_file_name = last.extension() == ".bin" || last.extension() == ".pt" || last.extension() == ".pth";
  std::string const text = is_file_name ? last.stem().string() : last.filename().string();
  std::string out;
  for (char const c : text) {
    if (is_letter(c) || is_digit(c))
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (out.ends_with('_')) out.pop_back();
  if (out.empty() || is_digit(out.front())) out.insert(0, out.empty() ? "model" : "model_");
  if (is_keyword(out)) out += "_model";
  return out;
}

std::string config_header(config const& c, std::string_view name, std::string_view source) {
  shape const s = shape_of(c);
  // A config that is called like its family hides the function.
  std::string const call = (name == name_of(c.family) ? "constformer::" : "") + call_of(c, s);
  std::vector<std::string> const changes = changes_of(c, base_of(c, s));
  std::string out = "// Written by `constformer config` from " + printable(source) + ".\n";
  out +=
      "#pragma once\n\n#include \"constformer/config/config.hpp\"\n#include \"constformer/config/families.hpp\"\n"
      "#include \"constformer/config/kinds.hpp\"\n#include \"constformer/config/layer_set.hpp\"\n\nnamespace "
      "constformer::configs {\n\n";
  std::string const definition = "inline constexpr config " + std::string(name) + " =\n    ";
  std::string const hanging(4 + call.find('.'), ' ');  // under the first field
  if (changes.empty()) {
    out = wrapped(out + definition, call, hanging) + ";\n";
  } else {
    out = wrapped(out + definition + "with(", call, hanging + "     ") + ",\n         [](config& c) {\n";
    for (std::string const& change : changes) out += "           " + change + "\n";
    out += "         });\n";
  }
  return out + "\n}  // namespace constformer::configs\n";
}

}  // namespace constformer::command
