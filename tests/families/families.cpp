// docs/families.md, generated: what each family's fixtures have in common and what varies between them. CF_WRITE_DOCS=1
// writes the file, without it the file must say the same.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "command/inspect.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/core/error.hpp"
#include "refusals.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path source() {
  char const* const folder = std::getenv("CONSTFORMER_SOURCE");
  if (folder == nullptr) SKIP("needs CONSTFORMER_SOURCE, as CTest sets it");
  return folder;
}

// Fields that say how large a model is, and those that follow from where it was read.
bool is_size(std::string_view field) {
  std::string_view const name = field.substr(field.rfind('.') + 1);
  for (std::string_view const size :
       {"layers", "d_model", "heads", "kv_heads", "head_dim", "d_ff", "vocab", "positions", "capacity", "segments",
        "labels", "first_position", "rotary_dims", "original_positions", "weights", "group"})
    if (name == size) return true;
  return false;
}

using values = std::map<std::string, std::set<std::string>>;

void collect(json const& object, std::string const& prefix, values& into) {
  for (auto const& [name, value] : object.items()) {
    if (value.is_object())
      collect(value, prefix + name + ".", into);
    else if (!is_size(name))
      into[prefix + name].insert(value.is_string() ? value.get<std::string>() : value.dump());
  }
}

struct family {
  values fields;
  std::set<std::string> formats;
  std::set<std::string> model_types;  // of config.json
  std::set<std::string> shapes;       // how heads are shared
  std::vector<std::string> fixtures;
};

std::string sharing(json const& c) {
  json const& one = c.contains("decoder") ? c["decoder"] : c;
  int const heads = one.value("heads", 0);
  int const kv_heads = one.value("kv_heads", 0);
  return kv_heads == heads ? "MHA" : kv_heads == 1 ? "MQA" : "GQA";
}

// A fixture is a Hugging Face folder, or ids.json says which file in it is the checkpoint, and what options it needs.
constformer::checkpoint opened(fs::path const& fixture) {
  json const ids = json::parse(text_of(fixture / "ids.json"));
  constformer::open_options options;
  auto const given = ids.value("options", std::vector<std::string>{});
  for (std::size_t i = 0; i + 1 < given.size(); ++i) {
    if (given[i] == "--heads") options.heads = std::stoi(given[i + 1]);
    if (given[i] == "--softcap") options.softcap = std::stof(given[i + 1]);
  }
  return constformer::open_checkpoint(ids.contains("checkpoint") ? fixture / ids["checkpoint"] : fixture, options);
}

std::map<std::string, family> families_of(fs::path const& fixtures) {
  std::map<std::string, family> out;
  std::set<fs::path> folders;
  for (char const* const place : {"fixtures", "fixtures_translators", "fixtures_ctranslate2"})
    for (auto const& entry : fs::directory_iterator(fixtures / place))
      if (fs::exists(entry.path() / "ids.json")) folders.insert(entry.path());
  for (fs::path const& folder : folders) {
    CAPTURE(folder.filename().string());
    auto const described = constformer::command::describe_checkpoint(opened(folder));
    family& f = out[described["family"].get<std::string>()];
    f.formats.insert(described["format"].get<std::string>());
    if (described["format"] == "Hugging Face folder")
      f.model_types.insert(json::parse(text_of(folder / "config.json"))["model_type"].get<std::string>());
    f.shapes.insert(sharing(described["config"]));
    f.fixtures.push_back(folder.filename().string());
    collect(described["config"], "", f.fields);
  }
  return out;
}

template <class Texts>
std::string joined(Texts const& texts, std::string const& between = ", ") {
  std::string out;
  for (auto const& text : texts) out += (out.empty() ? "" : between) + text;
  return out;
}

std::string sources(family const& f) {
  std::vector<std::string> out;
  for (auto const& format : f.formats)
    out.push_back(format == "Hugging Face folder" ? format + " (" + joined(f.model_types) + ")" : format);
  return joined(out);
}

std::string always(family const& f) {
  std::vector<std::string> out;
  for (char const* field : {"norm", "place", "position", "mask", "gated", "head"})
    if (auto const found = f.fields.find(field); found != f.fields.end() && found->second.size() == 1)
      out.push_back(std::string(field) + "=" + *found->second.begin());
  return joined(out);
}

std::string options(family const& f) {
  std::vector<std::string> out;
  for (auto const& [field, seen] : f.fields)
    if (seen.size() > 1) out.push_back("`" + field + "`: " + joined(seen, " "));
  if (f.shapes.size() > 1) out.push_back("heads: " + joined(f.shapes, " "));
  return joined(out, "; ");
}

// The family whose config.json a refusal changes.
std::string family_of(std::string const& fixture, std::map<std::string, family> const& all) {
  for (auto const& [name, f] : all)
    for (auto const& one : f.fixtures)
      if (one == fixture) return name;
  return fixture;
}

std::string page(std::map<std::string, family> const& all) {
  std::string out =
      "# Families\n\n"
      "Generated by `tests/families` from the parity fixtures, each of which is a checkpoint whose program gives the "
      "logits of the original\n"
      "implementation to 1e-4 of their range and its greedy ids; `CF_WRITE_DOCS=1` writes this page anew. What all "
      "fixtures of a family have\n"
      "in common stands under *always*, what differs between them under *options*. A [config](config.md) may combine "
      "what no fixture does.\n\n"
      "| family | read from | always | options that fixtures prove | fixtures |\n|---|---|---|---|---|\n";
  for (auto const& [name, f] : all)
    out += "| " + name + " | " + sources(f) + " | " + always(f) + " | " + options(f) + " | " +
           std::to_string(f.fixtures.size()) + " |\n";
  out +=
      "\n## Refused by name\n\nEach of these is tried by the same test.\n\n| family | in config.json | sentence "
      "|\n|---|---|---|\n";
  for (auto const& r : families::refusals()) {
    std::string patch = json::parse(r.patch).dump();
    out += "| " + family_of(r.fixture, all) + " | `" + patch.substr(1, patch.size() - 2) + "` | " + r.sentence + " |\n";
  }
  out += "\n## Fixtures\n\n";
  for (auto const& [name, f] : all) out += "- " + name + ": " + joined(f.fixtures) + "\n";
  return out;
}

}  // namespace

TEST_CASE("what is refused is refused by name") {
  auto const fixtures = source() / "tests" / "parity" / "fixtures";
  for (auto const& r : families::refusals()) {
    CAPTURE(r.fixture, r.patch);
    auto const copy = fs::temp_directory_path() / ("constformer-families-" + r.fixture);
    fs::remove_all(copy);
    fs::copy(fixtures / r.fixture, copy, fs::copy_options::recursive);
    auto config = json::parse(text_of(copy / "config.json"));
    config.merge_patch(json::parse(r.patch));
    std::ofstream(copy / "config.json") << config.dump();
    std::string sentence = "it was opened";
    try {
      static_cast<void>(constformer::open_checkpoint(copy));
    } catch (constformer::error const& problem) {
      sentence = problem.what();
    }
    fs::remove_all(copy);
    CHECK(sentence == (copy / "config.json").string() + ": " + r.sentence);
  }
}

TEST_CASE("docs/families.md is what the fixtures say") {
  auto const file = source() / "docs" / "families.md";
  std::string const wanted = page(families_of(source() / "tests" / "parity"));
  char const* const write = std::getenv("CF_WRITE_DOCS");
  if (write != nullptr && std::string_view(write) == "1") std::ofstream(file, std::ios::binary) << wanted;
  CHECK(text_of(file) == wanted);
}
