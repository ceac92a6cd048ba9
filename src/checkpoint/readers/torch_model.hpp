#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/config/config.hpp"
#include "torch.hpp"

namespace constformer {

/// What a torch file with a whole model in it is.
struct torch_model {
  checkpoint_format format = checkpoint_format::nanogpt;
  config model;  ///< valid; `tied` as the family usually is, whatever the tensors
  special_ids ids;
  safetensors_content content;
  std::vector<assumption> assumed;
  std::vector<unread_key> unread;  ///< settings that are not read
  tokenizer_files tokenizer;       ///< beside the file
};

/// The tokenizer `name`, if it was put beside `file`: meta.pkl of nanoGPT's data sets, nanochat's tokenizer.pkl.
/// Nothing else there is taken, for a folder may hold the files of several models.
[[nodiscard]] tokenizer_files tokenizer_beside(std::filesystem::path const& file, std::string_view name);

/// The model_NNNNNN.pt of the last step in a folder as nanochat leaves it, with a meta_NNNNNN.json beside it; empty if
/// `folder` is none, or has a config.json.
[[nodiscard]] std::filesystem::path nanochat_model_in(std::filesystem::path const& folder);

/// Recognises who saved `file` by what it holds: nanoGPT's {model, model_args, …}, the bare state_dict of a GPT as
/// minGPT and makemore save it, or of nanochat. Throws `error` if it is neither, or names a field or tensor that does
/// not fit.
[[nodiscard]] torch_model read_torch_model(torch_file const& file, std::filesystem::path const& path,
                                           open_options const& options, made_bytes& made);

/// @{ The readers by author; the first wants the values of `model` and `model_args`.
[[nodiscard]] torch_model read_nanogpt(torch_file const& file, std::filesystem::path const& path,
                                       open_options const& options, made_bytes& made);
[[nodiscard]] torch_model read_gpt_state(torch_file const& file, std::filesystem::path const& path,
                                         open_options const& options, made_bytes& made);
[[nodiscard]] torch_model read_nanochat_file(torch_file const& file, std::filesystem::path const& path,
                                             open_options const& options, made_bytes& made);
/// @}

}  // namespace constformer
