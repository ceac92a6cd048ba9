#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

std::string const index_name = "model.safetensors.index.json";

std::string shard(std::vector<std::string> const& names) {
  std::vector<part> parts;
  for (auto const& name : names) parts.push_back({name, "F32", "[1]", counting(1)});
  return safetensors(parts);
}

std::string refusal(scratch_folder const& folder) {
  std::vector<mapped_file> files;
  made_bytes made;
  return sentence_of([&] { static_cast<void>(read_weights_folder(folder.path(), files, made)); }, folder.path());
}

std::string map(std::string const& entries) {
  return "{\"metadata\":{\"total_size\":8},\"weight_map\":{" + entries + "}}";
}

}  // namespace

TEST_CASE("shards are read as one checkpoint", "[shards]") {
  scratch_folder const folder;
  folder.write("one.safetensors", shard({"c", "a"}));
  folder.write("two.safetensors", shard({"b"}));
  folder.write(index_name, map(R"("a":"one.safetensors","b":"two.safetensors","c":"one.safetensors")"));
  std::vector<mapped_file> files;
  made_bytes made;
  auto const content = read_weights_folder(folder.path(), files, made);
  CHECK(files.size() == 2);
  REQUIRE(content.tensors.size() == 3);
  CHECK(content.tensors[0].name == "a");
  CHECK(content.tensors[1].name == "b");
  CHECK(content.tensors[2].name == "c");
}

TEST_CASE("damaged sets of shards are refused with one sentence", "[shards]") {
  scratch_folder const folder;
  CHECK(refusal(folder).ends_with(
      "has neither model.safetensors nor pytorch_model.bin, whole or as shards with an index"));
  folder.write("one.safetensors", shard({"a", "b"}));
  folder.write(index_name, map(R"("a":"one.safetensors","b":"one.safetensors","c":"two.safetensors")"));
  CHECK(refusal(folder) == "two.safetensors: this shard is missing, model.safetensors.index.json names it");
  folder.write("two.safetensors", shard({"d"}));
  CHECK(refusal(folder) == "two.safetensors: holds d, which model.safetensors.index.json does not name");
  folder.write("two.safetensors", shard({"b", "c"}));
  CHECK(refusal(folder) == "two.safetensors: holds b, which model.safetensors.index.json places in one.safetensors");
  folder.write("two.safetensors", safetensors("{}", ""));
  CHECK(refusal(folder) == "two.safetensors: lacks c, which model.safetensors.index.json places in it");
  folder.write("two.safetensors", "");
  CHECK(refusal(folder) == "two.safetensors: the file is empty");
  folder.write("two.safetensors", shard({"c"}).substr(0, 40));
  CHECK(refusal(folder) == "two.safetensors: says its safetensors header has 54 bytes, only 32 follow");
  folder.write(index_name, map(""));
  CHECK(refusal(folder) == "model.safetensors.index.json: field \"weight_map\" is empty");
  folder.write(index_name, "{}");
  CHECK(refusal(folder) == "model.safetensors.index.json: field \"weight_map\" is missing");
  folder.write(index_name, "[]");
  CHECK(refusal(folder) == "model.safetensors.index.json: [] is not a JSON object");
  folder.write(index_name, map(R"("a":"one.safetensors","a":"two.safetensors")"));
  CHECK(refusal(folder) == "model.safetensors.index.json: the name \"a\" is given twice");
  for (std::string const name : {"\"../one.safetensors\"", "\"..\"", "\"\"", "\"/one.safetensors\""}) {
    folder.write(index_name, map("\"a\":" + name));
    CHECK(refusal(folder) == "model.safetensors.index.json: weight_map: field \"a\" is " + name +
                                 ", it must be the name of a file in this folder");
  }
  folder.write(index_name, map("\"a\":7"));
  CHECK(refusal(folder) == "model.safetensors.index.json: weight_map: field \"a\" is 7, it must be a string");
}
