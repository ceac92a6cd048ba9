#include "pack.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "pack_weights.hpp"

namespace constformer::command {

namespace {

std::vector<std::byte> packed_tokenizer(checkpoint const& source) {
  auto const& given = source.tokenizer.given;
  if (!given.empty()) return pack(load_tokenizer_source(given));
  if (std::filesystem::is_directory(source.path) && has_tokenizer_source(source.path))
    return pack(load_tokenizer_source(source.path));
  return {};
}

// Sentence encoders are cut to fewer tokens than they have positions (sentence-transformers); 0: the folder does not say.
int longest_sequence(checkpoint const& source) {
  auto const path = source.path / "sentence_bert_config.json";
  std::ifstream in(path);
  if (!in) return 0;
  auto const json = nlohmann::json::parse(in, nullptr, false);
  auto const found = json.is_object() ? json.find("max_seq_length") : json.end();
  if (found == json.end() || found->is_null()) return 0;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() == 0 || found->get<std::uint64_t>() > 1U << 24)
    throw error(path.string() + ": max_seq_length is " + found->dump() + ", a positive number is needed");
  return found->get<int>();
}

packed_metadata metadata_of(checkpoint const& source, config const& model) {
  auto const path = std::filesystem::weakly_canonical(source.path);
  return {.name = path.stem().string(),
          .family = std::string(name_of(model.family)),
          .source = std::string(name_of(source.format)),
          .stop_ids = source.ids.eos,
          .max_sequence = longest_sequence(source)};
}

}  // namespace

void pack_checkpoint(checkpoint const& source, config const& model, std::filesystem::path const& file) {
  auto const bytes = static_cast<std::size_t>(packed_layout_of(model).bytes);
  arena memory(bytes);
  auto const weights = memory.take<std::byte>(bytes);
  pack_weights(source, model, weights);
  auto const tokenizer = packed_tokenizer(source);
  write_packed_file(file, {.fingerprint = fingerprint_of(model),
                           .weights = weights,
                           .tokenizer = tokenizer,
                           .metadata = metadata_of(source, model),
                           .tensors = packed_tensors(source, model)});
}

}  // namespace constformer::command
