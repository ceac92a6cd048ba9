#pragma once

#include <span>
#include <vector>

#include "constformer/core/random.hpp"
#include "constformer/generate/sampler.hpp"

namespace constformer::detail {

/// The sampler of llama2.c's run.c, in its order of float32 operations, so that a seed draws the tokens it draws there.
class llama2c_sampler final : public sampler {
 public:
  llama2c_sampler(sampling_options const& options, int vocab);

  void restart() override {}
  void accept(int /*id*/) override {}
  int choose(std::span<float const> logits) override;

 private:
  struct indexed {
    float probability;
    int id;
  };

  void soften(std::span<float const> logits);
  [[nodiscard]] int draw_from_all(float coin) const;
  int draw_from_nucleus(float coin);

  float temperature_;
  float top_p_;
  xorshift64_star random_;
  std::vector<float> probabilities_;  // (vocab)
  std::vector<indexed> sorted_;       // (vocab)
};

}  // namespace constformer::detail
