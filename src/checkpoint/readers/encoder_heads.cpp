#include "encoder_heads.hpp"

#include <string>
#include <string_view>

#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

// Where a family keeps what stands on the stack; classifiers of sequences may have a layer of their own before them.
struct head_places {
  char const* pooler;           // after the prefix; empty: only sequences that are classified have one
  char const* head_transform;   // of masked tokens
  char const* sequence_pooler;  // of classified sequences, if it is not the pooler
  char const* sequence_classifier;
  char const* token_classifier;
};

head_places places_of(family_kind family) {
  if (family == family_kind::roberta)
    return {"pooler.dense", "lm_head.dense", "classifier.dense", "classifier.out_proj", "classifier"};
  if (family == family_kind::distilbert) return {"", "vocab_transform", "pre_classifier", "classifier", "classifier"};
  return {"pooler.dense", "cls.predictions.transform.dense", "", "classifier", "classifier"};
}

std::string weight(std::string const& layer) { return layer + ".weight"; }

void find_classifier(config& model, std::string_view architecture, head_places const& places,
                     rows_of_tensor const& rows) {
  bool const own_pooler = *places.sequence_pooler != '\0';
  bool const own_found = own_pooler && rows(weight(places.sequence_pooler)) > 0;
  long long const of_sequences = rows(weight(places.sequence_classifier));
  long long const of_tokens = rows(weight(places.token_classifier));
  bool const tokens = architecture.ends_with("ForTokenClassification");
  auto const set = [&](classifier_kind kind, long long labels) {
    model.classifier = kind;
    model.labels = static_cast<int>(labels <= detail::largest_extent ? labels : detail::largest_extent + 1);
  };
  if (tokens && of_tokens > 0) {
    set(classifier_kind::tokens, of_tokens);
  } else if (of_sequences > 0 && (own_pooler ? own_found : model.pooler)) {
    set(classifier_kind::sequence, of_sequences);
    model.pooler = true;
  } else if (model.family == family_kind::bert && model.pooler && rows("cls.seq_relationship.weight") > 0) {
    set(classifier_kind::next_sentence, rows("cls.seq_relationship.weight"));
  }
}

}  // namespace

bool is_encoder_family(family_kind family) {
  return family == family_kind::bert || family == family_kind::roberta || family == family_kind::distilbert;
}

void find_encoder_heads(config& model, std::string_view architecture, std::string const& prefix,
                        rows_of_tensor const& rows, std::string const& where) {
  head_places const places = places_of(model.family);
  model.pooler = *places.pooler != '\0' && rows(prefix + weight(places.pooler)) > 0;
  find_classifier(model, architecture, places, rows);
  if (model.family == family_kind::distilbert) model.pooler_activation = activation_kind::relu;
  if (rows(weight(places.head_transform)) > 0) {
    model.head = head_kind::masked_language_model;
    model.tied = true;  // settled when the tensors are compared
    if (model.family == family_kind::roberta && model.activation != activation_kind::gelu)
      throw error(where + ": field \"hidden_act\" is " + std::string(name_of(model.activation)) +
                  ", the head for masked tokens has gelu in any case, which is supported only together with it");
  }
}

bool is_of_absent_head(config const& model, std::string_view name) {
  if (!is_encoder_family(model.family)) return false;
  bool const classifies = model.classifier == classifier_kind::sequence || model.classifier == classifier_kind::tokens;
  bool const own_pooler = model.family == family_kind::roberta && model.classifier == classifier_kind::sequence;
  struct part {
    std::string_view begin;
    bool present;
  };
  for (part const& p : {part{"qa_outputs.", false},
                        {"classifier.", classifies},
                        {"pre_classifier.", model.pooler},
                        {"cls.seq_relationship.", model.classifier == classifier_kind::next_sentence},
                        {"cls.predictions.", model.head != head_kind::none},
                        {"lm_head.", model.head != head_kind::none},
                        {"vocab_", model.head != head_kind::none},
                        {"roberta.pooler.", !own_pooler},
                        {"pooler.", !own_pooler}})
    if (name.starts_with(p.begin)) return !p.present;
  return false;
}

}  // namespace constformer
