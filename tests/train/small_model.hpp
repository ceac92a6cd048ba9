// The model of make_trajectories.py, its weights and its batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "constformer/core/members.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/passes/plan_memory.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/torch_generator.hpp"

namespace small {

using constformer::value;
inline constexpr int width = 12, heads = 2, head_dim = 6, vocab = 17, length = 10, inner = 24, sequences = 4,
                     steps = 20;

struct block {
  using norm_type = constformer::rms_norm<width>;
  using square_type = constformer::linear<width, width>;
  using up_type = constformer::linear<inner, width, true>;
  using down_type = constformer::linear<width, inner>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, attention_norm), (square_type, query), (square_type, key),
                           (square_type, val), (square_type, output), (norm_type, ffn_norm), (up_type, up),
                           (down_type, down));

  constexpr value operator()(value x) const {
    value const h = attention_norm(x);
    value const q = split_heads(query(h), heads, head_dim);
    value const k = split_heads(key(h), heads, head_dim, constformer::axes::kv_heads);
    value const v = split_heads(val(h), heads, head_dim, constformer::axes::kv_heads);
    x = x + output(attend(q, k, v));
    return x + down(silu(up(ffn_norm(x))));
  }
};

struct model {
  using token_table = constformer::embedding<vocab, width>;
  using place_table = constformer::embedding<length, width>;
  using blocks_type = constformer::repeated<block, 2>;
  using norm_type = constformer::rms_norm<width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(model, (token_table, tokens), (place_table, places), (blocks_type, blocks),
                           (norm_type, final_norm), (head_type, head));

  constexpr value operator()(value ids) const {
    return head(final_norm(blocks(tokens(ids) + places(positions_of(ids)))));
  }
};

inline constexpr constformer::batch_bounds bounds{
    .tokens = sequences * length, .sequences = sequences, .length = length};

/// Fills the parameters of a trainer.
template <class Trainer>
void fill(Trainer& trainer) {
  constformer::torch_generator random(7);
  auto const& table = constformer::parameter_table<model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      bool const scale = table[i].role == constformer::parameter_role::scale;
      random.fill_uniform(trainer.parameter(i, layer), scale ? 0.5F : -0.5F, scale ? 1.5F : 0.5F);
    }
}

/// Two batches for each step; of the second, every third target is left out.
class batches {
 public:
  struct columns {
    std::vector<std::int32_t> tokens, positions, targets;
    operator constformer::token_batch() const {
      return {tokens.data(), positions.data(), targets.data(), sequences, length};
    }
    [[nodiscard]] int counted() const {
      int count = 0;
      for (auto target : targets) count += target >= 0 ? 1 : 0;
      return count;
    }
  };

  columns next() {
    columns out;
    for (int s = 0; s < sequences; ++s) {
      auto before = static_cast<std::int32_t>(random_.integer(0, vocab));
      for (int i = 0; i < length; ++i) {
        out.tokens.push_back(before);
        out.positions.push_back(i);
        before = static_cast<std::int32_t>(random_.integer(0, vocab));
        out.targets.push_back(part_ % 2 == 1 && out.targets.size() % 3 == 0 ? -1 : before);
      }
    }
    ++part_;
    return out;
  }

 private:
  constformer::torch_generator random_{11};
  int part_ = 0;
};

}  // namespace small
