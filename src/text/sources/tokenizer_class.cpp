#include "text/sources/tokenizer_class.hpp"

#include <algorithm>
#include <utility>

namespace constformer::text {

namespace {

using roles = std::array<std::string_view, 7>;

constexpr roles of_bert{"", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"};
constexpr roles of_roberta{"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"};
constexpr roles of_gpt2{"<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "", "", "", ""};

constexpr class_facts unknown{};

constexpr std::array known{
    class_facts{"PreTrained TokenizersBackend PythonBackend", class_kind::none, {}},
    class_facts{"Bert DistilBert Electra MobileBert ConvBert LayoutLM Lxmert SqueezeBert RetriBert Realm DPRReader "
                "DPRQuestionEncoder DPRContextEncoder",
                class_kind::bert, of_bert},
    class_facts{"MPNet", class_kind::mpnet, {"<s>", "</s>", "[UNK]", "</s>", "<pad>", "<s>", "<mask>"}},
    class_facts{"BertJapanese", class_kind::japanese_bert, of_bert},
    class_facts{"Roberta Bart Longformer LED Mvp LayoutLMv3", class_kind::roberta, of_roberta},
    class_facts{"GPT2 CodeGen", class_kind::gpt2, of_gpt2},
    class_facts{"Qwen2", class_kind::qwen2, {"", "<|endoftext|>", "<|endoftext|>", "", "<|endoftext|>", "", ""}},
    class_facts{"GPTNeoX", class_kind::gpt_neox, of_gpt2},
    class_facts{"Cohere", class_kind::cohere, {"<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", "<UNK>"}, true},
    class_facts{"Llama CodeLlama Phi3", class_kind::llama, {"<s>", "</s>", "<unk>"}, true},
    class_facts{"Gemma", class_kind::gemma, {"<bos>", "<eos>", "<unk>", "", "<pad>"}, true},
    class_facts{"T5 MT5", class_kind::t5, {"", "</s>", "<unk>", "", "<pad>"}},
    class_facts{"XLMRoberta", class_kind::xlm_roberta, of_roberta},
    class_facts{"Camembert", class_kind::camembert, of_roberta},
    class_facts{"ChatGLM", class_kind::chatglm, {}},
    class_facts{"Albert Barthez Bartpho Bertweet BigBird Blenderbot BlenderbotSmall ByT5 CLIP CTRL Canine "
                "Clvp Cpm Deberta DebertaV2 ESM Ernie Flaubert FNet Fsmt Funnel Herbert MBart MBart50 MLuke Nllb "
                "OpenAIGPT Pegasus Perceiver Phobert ProphetNet Reformer RemBert RoCBert RoFormer SeamlessM4T "
                "Speech2Text Splinter Wav2Vec2CTC Whisper XGLM XLM XLNet",
                class_kind::refused,
                {}},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> classes_of_models{{
    {"bert", "Bert"},
    {"distilbert", "DistilBert"},
    {"electra", "Electra"},
    {"mobilebert", "MobileBert"},
    {"mpnet", "MPNet"},
    {"roberta roberta-prelayernorm", "Roberta"},
    {"xlm-roberta", "XLMRoberta"},
    {"camembert", "Camembert"},
    {"gpt2 gpt_neo gptj starcoder2 gpt_bigcode granite olmo3 opt phi codegen", "GPT2"},
    {"gpt_neox stablelm olmo olmo2 mpt", "GPTNeoX"},
    {"llama mistral mixtral phi3 ernie4_5", "Llama"},
    {"qwen2 qwen2_moe qwen3 qwen3_moe", "Qwen2"},
    {"gemma gemma2 gemma3 gemma3_text", "Gemma"},
    {"t5 umt5 mt5", "T5"},
    {"cohere cohere2", "Cohere"},
}};

bool holds(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    std::string_view const first = names.substr(0, names.find(' '));
    if (first == name) return true;
    names.remove_prefix(std::min(first.size() + 1, names.size()));
  }
  return false;
}

std::string_view stem(std::string_view name) {
  for (std::string_view const end : {std::string_view("Fast"), std::string_view("Tokenizer")})
    if (name.ends_with(end)) name.remove_suffix(end.size());
  return name;
}

class_facts const* found(std::string_view name) {
  auto const at = std::ranges::find_if(known, [&](class_facts const& c) { return holds(c.names, stem(name)); });
  return at == known.end() ? nullptr : &*at;
}

}  // namespace

class_facts const& class_named(std::string_view name) {
  class_facts const* const c = found(name);
  return c == nullptr ? unknown : *c;
}

bool is_known_class(std::string_view name) { return found(name) != nullptr; }

std::string_view class_of_model_type(std::string_view model_type) {
  for (auto const& [models, name] : classes_of_models)
    if (holds(models, model_type)) return name;
  return "";
}

}  // namespace constformer::text
