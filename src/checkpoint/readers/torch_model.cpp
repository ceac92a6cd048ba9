#include "torch_model.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "checkpoint/pickle.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

bool has_tensor(pickle_value const& state, std::string const& name) {
  return state.find(name) || state.find("_orig_mod." + name) || state.find("module." + name) ||
         state.find("module._orig_mod." + name);
}

}  // namespace

tokenizer_files tokenizer_beside(std::filesystem::path const& file, std::string_view name) {
  std::error_code unreadable;
  tokenizer_files out;
  std::filesystem::path const beside = file.parent_path() / name;
  if (std::filesystem::is_regular_file(beside, unreadable)) out.given = beside;
  return out;
}

torch_model read_torch_model(torch_file const& file, std::filesystem::path const& path, open_options const& options,
                             made_bytes& made) {
  pickle_value const& root = file.root();
  if (root.find("model") && root.find("model_args")) return read_nanogpt(file, path, options, made);
  if (has_tensor(root, "transformer.h.0.attn.c_q.weight")) return read_nanochat_file(file, path, options, made);
  if (has_tensor(root, "transformer.wpe.weight")) return read_gpt_state(file, path, options, made);
  std::string const what = root.kind() != pickle_kind::dict ? "holds " + std::string(name_of(root.kind()))
                           : root.size() == 0               ? "holds an empty dict"
                                              : "holds a dict of " + std::to_string(root.size()) + " entries";
  throw error(path.string() + ": " + what +
              " that is neither a nanoGPT checkpoint nor the state_dict of a GPT or of nanochat; weights of a Hugging "
              "Face model are "
              "opened by "
              "the folder that holds them and their config.json");
}

}  // namespace constformer
