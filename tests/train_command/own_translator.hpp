// An encoder-decoder that no config describes: one block each, no feed-forward layers.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

namespace own {

using constformer::value;
inline constexpr int width = 32, letters = 16;

// x and what its heads find in `other`.
struct looking {
  using norm_type = constformer::rms_norm<width>;
  using mix_type = constformer::linear<width, width>;
  BOOST_HANA_DEFINE_STRUCT(looking, (norm_type, norm), (mix_type, query), (mix_type, key), (mix_type, val),
                           (mix_type, output));
  constexpr value operator()(value x, value other, constformer::attend_options const& options, bool places) const {
    value q = split_heads(query(norm(x)), 2, 16);
    value k = split_heads(key(other), 2, 16, constformer::axes::kv_heads);
    if (places) q = rope(q), k = rope(k);
    return x + output(attend(q, k, split_heads(val(other), 2, 16, constformer::axes::kv_heads), options));
  }
};

struct translator {
  using table_type = constformer::embedding<letters, width>;
  using places_type = constformer::embedding<16, width>;
  using norm_type = constformer::rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(translator, (table_type, sources), (table_type, targets), (places_type, places),
                           (looking, reading), (looking, writing), (looking, crossing), (norm_type, norm));
  constexpr value operator()(value source, value ids) const {
    constexpr constformer::attend_options all{.mask = constformer::mask_kind::bidirectional};
    value const read = sources(source) + places(positions_of(source));
    value const seen = reading(read, read, all, false);
    value x = targets(ids) + places(positions_of(ids));
    x = writing(x, x, {}, true);
    return tied_logits(norm(crossing(x, seen, all, false)), targets);
  }
};

}  // namespace own

using own_translator = own::translator;
