#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "constformer/data/training_data.hpp"
#include "data/file_list.hpp"

namespace constformer {

namespace {

using nlohmann::json;

// By their values, in the order of the enumerators.
constexpr std::array<std::string_view, 7> kinds{"automatic",     "tokens", "text",  "documents",
                                                "conversations", "pairs",  "masked"};
constexpr std::array<std::string_view, 4> orders{"random", "in_order", "shuffled", "llama2c"};
constexpr std::array<std::string_view, 5> chats{"automatic", "nanochat", "chatml", "llama2", "llama3"};

std::vector<std::string> texts_of(std::vector<std::filesystem::path> const& paths) {
  return {paths.begin(), paths.end()};
}

// Calls `each(name, field)` for what is a plain number.
template <class Options, class Each>
void for_each_number(Options& o, Each const& each) {
  each("validation_share", o.validation_share);
  each("sequences", o.sequences);
  each("length", o.length);
  each("source_length", o.source_length);
  each("decoder_start", o.decoder_start);
  each("vocab", o.vocab);
  each("source_vocab", o.source_vocab);
  each("seed", o.seed);
  each("buffer", o.buffer);
  each("masks_per_sequence", o.masks_per_sequence);
  each("mask_probability", o.mask_probability);
  each("short_probability", o.short_probability);
  each("next_sentence", o.next_sentence);
  each("duplicates", o.duplicates);
}

template <class Enum, class Names>
void read_name(json const& from, char const* field, Names const& names, Enum& to) {
  if (!from.contains(field)) return;
  auto const given = from[field].get<std::string>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != given) continue;
    to = static_cast<Enum>(i);
    return;
  }
  throw error(std::string("options of data: ") + field + " is \"" + given + "\", which is none");
}

void read_paths(json const& from, char const* field, std::vector<std::filesystem::path>& to) {
  if (!from.contains(field)) return;
  auto const given = from[field].get<std::vector<std::string>>();
  to.assign(given.begin(), given.end());
}

data_options options_in(json const& from) {
  data_options out;
  read_paths(from, "files", out.files);
  read_paths(from, "validation", out.validation);
  read_name(from, "kind", kinds, out.kind);
  read_name(from, "order", orders, out.order);
  read_name(from, "chat", chats, out.chat);
  for_each_number(out, [&](char const* name, auto& field) {
    if (from.contains(name)) from[name].get_to(field);
  });
  if (from.contains("chat_template")) from["chat_template"].get_to(out.chat_template);
  if (from.contains("cache")) out.cache = from["cache"].get<std::string>();
  return out;
}

}  // namespace

std::string_view data::name_of(data_kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::string json_of(data_options const& o) {
  json out{{"files", texts_of(o.files)},
           {"validation", texts_of(o.validation)},
           {"kind", data::name_of(o.kind)},
           {"order", orders[static_cast<std::size_t>(o.order)]},
           {"chat", chats[static_cast<std::size_t>(o.chat)]},
           {"chat_template", o.chat_template},
           {"cache", o.cache.string()}};
  for_each_number(o, [&](char const* name, auto const& field) { out[name] = field; });
  return out.dump();
}

data_options data_options_of(std::string_view text) {
  auto const from = json::parse(text, nullptr, false);
  if (!from.is_object()) throw error("options of data: a JSON object is expected");
  try {
    return options_in(from);
  } catch (json::exception const& problem) {
    throw error(std::string("options of data: ") + problem.what());
  }
}

}  // namespace constformer
