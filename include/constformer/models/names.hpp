#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/models/bert.hpp"
#include "constformer/models/chatglm.hpp"
#include "constformer/models/chatglm_6b.hpp"
#include "constformer/models/ctranslate2_decoder.hpp"
#include "constformer/models/distilbert.hpp"
#include "constformer/models/gemma2.hpp"
#include "constformer/models/glm.hpp"
#include "constformer/models/gpt2.hpp"
#include "constformer/models/gpt_neo.hpp"
#include "constformer/models/gpt_neox.hpp"
#include "constformer/models/llama.hpp"
#include "constformer/models/lecture.hpp"
#include "constformer/models/marian.hpp"
#include "constformer/models/name_map.hpp"
#include "constformer/models/nanochat.hpp"
#include "constformer/models/opennmt.hpp"
#include "constformer/models/phi3.hpp"
#include "constformer/models/roberta.hpp"
#include "constformer/models/t5.hpp"

namespace constformer {

/// How checkpoints of the family of `c` name the tensors that `c` has.
[[nodiscard]] constexpr name_map const& names_of(config const& c) {
  switch (c.family) {
    case family_kind::gpt2: return gpt2_names;
    case family_kind::gpt_neo: return gpt_neo_names;
    case family_kind::gemma2: return gemma2_names;
    case family_kind::nanochat: return nanochat_names;
    case family_kind::phi3: return phi3_names;
    case family_kind::gpt_neox: return gpt_neox_names;
    case family_kind::glm: return glm_names;
    case family_kind::glm4: return glm4_names;
    case family_kind::chatglm: return chatglm_names;
    case family_kind::chatglm_6b: return chatglm_6b_names;
    case family_kind::bert:
      return c.classifier == classifier_kind::next_sentence ? bert_next_sentence_names : bert_names;
    case family_kind::roberta:
      return c.classifier == classifier_kind::sequence ? roberta_sequence_names : roberta_names;
    case family_kind::distilbert: return distilbert_names;
    case family_kind::t5: return t5_names;
    case family_kind::t5_v1_1: return t5_v1_1_names;
    case family_kind::marian: return c.encoder.vocab == 0 ? marian_names : marian_separate_names;
    case family_kind::ctranslate2_decoder:
      if (c.parallel) return ctranslate2_parallel_decoder_names;
      return c.gated ? ctranslate2_gated_decoder_names : ctranslate2_decoder_names;
    case family_kind::opennmt: return c.gated ? opennmt_gated_names : opennmt_names;
    case family_kind::lecture: {
      bool const stored = c.position == position_kind::learned;
      if (c.encoder.vocab == 0) return stored ? lecture_names<true, true> : lecture_names<true, false>;
      return stored ? lecture_names<false, true> : lecture_names<false, false>;
    }
    case family_kind::llama:
    case family_kind::mistral:
    case family_kind::qwen2:
    case family_kind::qwen3:
    case family_kind::gemma: break;
  }
  return llama_names;
}

}  // namespace constformer
