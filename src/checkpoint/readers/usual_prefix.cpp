#include "usual_prefix.hpp"

namespace constformer {

std::string_view usual_prefix(family_kind family) {
  switch (family) {
    case family_kind::gpt2:
    case family_kind::gpt_neo: return "transformer.";
    case family_kind::bert: return "bert.";
    case family_kind::roberta: return "roberta.";
    case family_kind::distilbert: return "distilbert.";
    case family_kind::gpt_neox: return "gpt_neox.";
    case family_kind::chatglm:
    case family_kind::chatglm_6b: return "transformer.";
    case family_kind::t5:
    case family_kind::t5_v1_1:
    case family_kind::opennmt:
    case family_kind::ctranslate2_decoder:
    case family_kind::lecture: return "";
    case family_kind::marian:
    case family_kind::llama:
    case family_kind::mistral:
    case family_kind::qwen2:
    case family_kind::qwen3:
    case family_kind::gemma:
    case family_kind::gemma2:
    case family_kind::phi3:
    case family_kind::glm:
    case family_kind::glm4:
    case family_kind::nanochat: break;
  }
  return "model.";
}

}  // namespace constformer
