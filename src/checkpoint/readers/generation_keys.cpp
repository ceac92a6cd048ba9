// Every attribute of transformers' GenerationConfig (4.57 and 5.24) that generation_defaults does not hold: those that
// choose other tokens are refused unless they are neutral, the others have a reason.
#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "generation_config.hpp"
#include "generation_keys.hpp"

namespace constformer {

namespace {

using nlohmann::json;

struct refused_key {
  std::string_view name;
  std::string_view neutral;   // JSON; null and an empty list or object always are
  std::string_view expected;  // what the sentence says
};

constexpr std::string_view only_neutral = "only the neutral value is supported";

constexpr std::array refused{
    refused_key{"typical_p", "1", "typical sampling is not supported"},
    refused_key{"epsilon_cutoff", "0", "epsilon sampling is not supported"},
    refused_key{"eta_cutoff", "0", "eta sampling is not supported"},
    refused_key{"top_h", "null", "top-h sampling is not supported"},
    refused_key{"encoder_repetition_penalty", "1", "a penalty by the tokens of the source is not supported"},
    refused_key{"exponential_decay_length_penalty", "null", "a penalty that grows with the length is not supported"},
    refused_key{"sequence_bias", "null", "biases of token sequences are not supported, bad_words_ids are"},
    refused_key{"guidance_scale", "1", "classifier-free guidance is not supported"},
    refused_key{"watermarking_config", "null", "watermarks are not supported"},
    refused_key{"token_healing", "false", only_neutral},
    refused_key{"stop_strings", "null", "it is not read; take it out and give --stop"},
    refused_key{"max_time", "null", "an end by the clock is not supported"},
    refused_key{"penalty_alpha", "0", "contrastive search is not supported"},
    refused_key{"dola_layers", "null", "decoding by contrasting layers is not supported"},
    refused_key{"diversity_penalty", "0", "beams in groups are not supported"},
    refused_key{"num_beam_groups", "1", "beams in groups are not supported"},
    refused_key{"constraints", "null", "constrained beam search is not supported"},
    refused_key{"force_words_ids", "null", "constrained beam search is not supported"},
};

struct excused_key {
  std::string_view name;
  std::string_view reason;
};

constexpr std::string_view special_id = "a special id, read beside the generation values";
constexpr std::string_view cache = "how keys and values are kept, not which tokens are chosen";
constexpr std::string_view compiled = "how the original is run, not which tokens are chosen";
constexpr std::string_view draft = "speculation with a draft model, which the caller gives";
constexpr std::string_view outputs = "what the call returns beside the tokens";

constexpr std::array excused{
    excused_key{"bos_token_id", special_id},
    excused_key{"eos_token_id", special_id},
    excused_key{"pad_token_id", special_id},
    excused_key{"decoder_start_token_id", special_id},
    excused_key{"use_cache", cache},
    excused_key{"cache_implementation", cache},
    excused_key{"cache_config", cache},
    excused_key{"return_legacy_cache", cache},
    excused_key{"max_cache_len", cache},
    excused_key{"low_memory", cache},
    excused_key{"prefill_chunk_size", compiled},
    excused_key{"compile_config", compiled},
    excused_key{"disable_compile", compiled},
    excused_key{"continuous_batching_config", compiled},
    excused_key{"use_mtp", "speculation by the model's own heads, which chooses what the model would"},
    excused_key{"speculation_type", draft},
    excused_key{"is_assistant", draft},
    excused_key{"num_assistant_tokens", draft},
    excused_key{"num_assistant_tokens_schedule", draft},
    excused_key{"assistant_confidence_threshold", draft},
    excused_key{"assistant_early_exit", draft},
    excused_key{"assistant_lookbehind", draft},
    excused_key{"assistant_ensemble_weight", draft},
    excused_key{"target_lookbehind", draft},
    excused_key{"prompt_lookup_num_tokens", "speculation with words of the prompt, which the model confirms"},
    excused_key{"max_matching_ngram_size", "speculation with words of the prompt, which the model confirms"},
    excused_key{"num_return_sequences", "how many texts the call returns; --n-best says it here"},
    excused_key{"output_attentions", outputs},
    excused_key{"output_hidden_states", outputs},
    excused_key{"output_scores", outputs},
    excused_key{"output_logits", outputs},
    excused_key{"return_dict_in_generate", outputs},
    excused_key{"remove_invalid_values", "numbers that are not finite end the program with their place"},
    excused_key{"transformers_version", "who wrote the file"},
    excused_key{"_from_model_config", "who wrote the file"},
    excused_key{"_commit_hash", "who wrote the file"},
};

template <class Table>
auto const* find_in(Table const& table, std::string_view name) {
  auto const place = std::ranges::find_if(table, [&](auto const& key) { return key.name == name; });
  return place == table.end() ? nullptr : &*place;
}

bool is_read(std::string_view name) {
  generation_defaults none;
  bool found = false;
  for_each_value(none, [&](std::string_view known, auto const&, double, double) { found = found || known == name; });
  return found;
}

}  // namespace

void refuse_other_generation(json_fields const& fields) {
  for (refused_key const& key : refused) {
    json const* const value = fields.find(key.name);
    if (value == nullptr || fields.is_empty(key.name) || *value == json::parse(key.neutral)) continue;
    fields.misfit(key.name, key.expected);
  }
}

generation_key standing_of(std::string_view attribute) {
  if (is_read(attribute)) return generation_key::read;
  if (find_in(refused, attribute) != nullptr) return generation_key::refused_unless_neutral;
  return find_in(excused, attribute) != nullptr ? generation_key::without_effect : generation_key::unknown;
}

std::string_view reason_of(std::string_view attribute) {
  auto const* const key = find_in(excused, attribute);
  return key == nullptr ? std::string_view() : key->reason;
}

}  // namespace constformer
