#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "constformer/checkpoint/ctranslate2.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer {

/// Sinusoids and rotations have no end, so only memory bounds the context of a model.bin that holds no table.
inline constexpr int ctranslate2_positions = 4096;

/// The variables of one model.bin as the readers of its config ask for them: of a side, "encoder" or "decoder".
/// Everything throws `error`, beginning with the file's name.
class ctranslate2_variables {
 public:
  ctranslate2_variables(ctranslate2_content const& content, std::string_view where)
      : content_(content), where_(where) {}

  [[noreturn]] void fail(std::string const& what) const;

  [[nodiscard]] ctranslate2_content const& content() const { return content_; }

  /// The tensor of that name, or nullptr.
  [[nodiscard]] tensor_view const* find(std::string const& name) const;
  [[nodiscard]] tensor_view const& matrix(std::string const& name) const;
  [[nodiscard]] int extent(tensor_view const& tensor, std::size_t axis) const;

  /// Refuses attributes that are not 0 and not in `known`, after their side; `*` is a layer's index.
  void require_known(std::span<std::string_view const> known) const;

  /// A number of the side, or of both.
  [[nodiscard]] double attribute(std::string_view side, std::string const& name, double otherwise) const;

  [[nodiscard]] int heads_of(std::string_view side) const;
  [[nodiscard]] int count_layers(std::string const& side) const;

  /// What embeddings are multiplied by: 1, √d_model or a number of the file.
  [[nodiscard]] float embedding_scale_of(std::string_view side, int d_model) const;

  /// Norms, activation, biases, scale of embeddings and head of the decoder, and the table of positions if there is
  /// one. `layer_norm_eps` is 0 where config.json has none.
  void read_decoder_stack(config& c, float layer_norm_eps) const;

  /// Whether the two are one variable.
  [[nodiscard]] bool is_same(std::string const& a, std::string const& b) const;

 private:
  [[nodiscard]] activation_kind activation_of(std::string_view side) const;

  ctranslate2_content const& content_;
  std::string_view where_;
};

/// The config of a decoder alone; `ctranslate2_config` sends its models here.
[[nodiscard]] config ctranslate2_decoder_config(ctranslate2_variables const& in, float layer_norm_eps);

/// Whether the config holds what this tensor says, so that no layer reads it.
[[nodiscard]] bool is_ctranslate2_setting(std::string_view tensor);

}  // namespace constformer
