#include "text/model.hpp"

namespace constformer::text {

std::unique_ptr<word_model> make_model(blob_reader const& blob, piece_table const& pieces) {
  switch (blob.model()) {
    case model_kind::merges: return make_ranked_merges(blob, pieces);
    case model_kind::scored_merges: return make_scored_merges(blob, pieces);
    case model_kind::llama2c: return make_llama2c(blob, pieces);
    case model_kind::unigram: return make_unigram(blob, pieces);
    case model_kind::wordpiece: return make_wordpiece(blob, pieces);
    case model_kind::characters: return make_characters(blob, pieces);
    case model_kind::ranks: return make_ranks(blob, pieces);
  }
  throw_damaged("the kind of model");
}

}  // namespace constformer::text
