#include "traced_checkpoint.hpp"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/core/error.hpp"
#include "generation_config.hpp"
#include "json.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

std::optional<int> id_of(json_fields const& fields, std::string_view field) {
  if (!fields.has(field)) return {};
  auto const ids = fields.ids(field);
  if (ids.size() != 1 || ids.front() < 0 || ids.front() > std::numeric_limits<int>::max())
    fields.misfit(field, "it must be one id");
  return static_cast<int>(ids.front());
}

void read_ids(checkpoint& out, json_fields const& fields) {
  if (auto const id = id_of(fields, "bos_token_id")) out.ids.bos = id;
  if (auto const id = id_of(fields, "pad_token_id")) out.ids.pad = id;
  if (auto const id = id_of(fields, "decoder_start_token_id")) out.ids.decoder_start = id;
  if (!fields.has("eos_token_id")) return;
  out.ids.eos.clear();
  for (long long const id : fields.ids("eos_token_id"))
    if (id >= 0 && id <= std::numeric_limits<int>::max()) out.ids.eos.push_back(static_cast<int>(id));
}

bool is_file(fs::path const& path) {
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable);
}

void read_config(checkpoint& out) {
  fs::path const path = out.path / "config.json";
  if (!is_file(path)) return;
  json_document const document(path);
  json_fields const fields = document.fields();
  std::string const type = fields.text("model_type", traced_model_type);
  if (type != traced_model_type)
    throw error(path.string() + ": model_type \"" + type + "\" is none of one's own (\"" +
                std::string(traced_model_type) + "\"); build it without --model");
  out.model.vocab = fields.extent("vocab_size", 0);
  out.model.positions = out.model.capacity = fields.extent("max_position_embeddings", 0);
  read_ids(out, fields);
}

void read_generation(checkpoint& out) {
  fs::path const path = out.path / "generation_config.json";
  if (!is_file(path)) return;
  json_document const document(path);
  read_ids(out, document.fields());
  int const vocab = out.model.vocab > 0 ? out.model.vocab : std::numeric_limits<int>::max();
  out.generation = read_generation_defaults(document.fields(), "generation_config.json", vocab);
}

}  // namespace

std::string traced_tensor_name(std::string_view parameter, int layer) {
  std::string name(parameter);
  if (std::size_t const star = name.find('*'); star != std::string::npos) name.replace(star, 1, std::to_string(layer));
  return name;
}

checkpoint open_traced_checkpoint(fs::path const& folder, open_options const& options) {
  std::error_code unreadable;
  if (!fs::is_directory(folder, unreadable))
    throw error(folder.string() +
                ": is no folder; of a model of one's own the folder of its model.safetensors is read");
  checkpoint out;
  out.path = out.root = folder;
  out.format = checkpoint_format::traced;
  read_config(out);
  safetensors_content content = read_weights_folder(folder, out.files, out.made, options.shapes_only);
  if (!content.unread.empty())
    throw error(folder.string() + ": " + content.unread.front().name + " is " + content.unread.front().type +
                ", only F32, F16 and BF16 are read");
  out.tensors = std::move(content.tensors);
  std::ranges::sort(out.tensors, {}, &tensor_view::name);
  read_generation(out);
  out.tokenizer = find_tokenizer_files(folder);
  if (options.tokenizer.empty()) return out;
  if (!fs::exists(options.tokenizer, unreadable)) throw error(options.tokenizer.string() + ": no such tokenizer");
  out.tokenizer =
      fs::is_directory(options.tokenizer, unreadable) ? find_tokenizer_files(options.tokenizer) : tokenizer_files{};
  out.tokenizer.given = options.tokenizer;
  return out;
}

}  // namespace constformer
