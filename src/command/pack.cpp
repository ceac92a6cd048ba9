#include "pack.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "../checkpoint/readers/encoder_heads.hpp"
#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/sentence_modules.hpp"
#include "pack_weights.hpp"

namespace constformer::command {

namespace {

std::string read_text(std::filesystem::path const& path) {
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(path, unreadable)) return {};
  mapped_file const file(path);
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

// The config.json that `export` gives back: the folder's own, or one that says the same. CTranslate2's says other
// things.
written_config config_json_of(checkpoint const& source) {
  if (source.format == checkpoint_format::hugging_face) return {read_text(source.path / "config.json"), {}};
  return write_hugging_face_config(source);
}

std::string generation_json_of(checkpoint const& source) {
  return source.format == checkpoint_format::hugging_face ? read_text(source.path / "generation_config.json") : "";
}

packed_metadata metadata_of(checkpoint const& source, config const& model, std::span<std::string const> chat,
                            sentence_modules const& modules) {
  auto const path = std::filesystem::weakly_canonical(source.root);
  written_config const written = config_json_of(source);
  return {.name = path.stem().string(),
          .family = std::string(name_of(model.family)),
          .source = std::string(name_of(source.format)),
          .stop_ids = source.ids.eos,
          .max_sequence = modules.max_sequence,
          .embedding = modules.recipe,
          .labels = source.labels.names,
          .several_labels = source.labels.several,
          .chat = {chat.begin(), chat.end()},
          .decoder_start = source.ids.decoder_start,
          .generation = source.generation,
          .config_json = written.text,
          .config_refusal = written.refusal,
          .generation_json = generation_json_of(source)};
}

}  // namespace

std::vector<std::byte> pack_tokenizer(checkpoint const& source, bool lower_case) {
  auto const& given = source.tokenizer.given;
  auto const& from = given.empty() ? source.path : given;
  if (given.empty() && !(std::filesystem::is_directory(from) && has_tokenizer_source(from))) return {};
  tokenizer_data data = load_tokenizer_source(from);
  if (lower_case) data.rewrites.insert(data.rewrites.begin(), {rewrite_kind::lowercase, {}, {}});
  return pack(data);
}

void pack_checkpoint(checkpoint const& source, config const& model, std::filesystem::path const& file,
                     std::span<std::string const> chat) {
  auto const bytes = static_cast<std::size_t>(packed_layout_of(model).bytes);
  arena memory(bytes);
  auto const weights = memory.take<std::byte>(bytes);
  pack_weights(source, model, weights);
  auto const modules = modules_of(source, model);
  auto const tokenizer = pack_tokenizer(source, modules.lower_case);
  write_packed_file(file, {.fingerprint = fingerprint_of(model),
                           .weights = weights,
                           .tokenizer = tokenizer,
                           .metadata = metadata_of(source, model, chat, modules),
                           .tensors = packed_tensors(source, model),
                           .modules = std::as_bytes(std::span(modules.weights))});
}

}  // namespace constformer::command
