// Templates for checkpoints that carry none, as their authors' code reads conversations.
#include <algorithm>
#include <array>

#include "constformer/text/chat.hpp"

namespace constformer {

namespace {

using namespace std::string_view_literals;

// Meta's chat_completion in llama/generation.py; spaces as there.
constexpr std::string_view llama2 = R"({%- set told = namespace(system='') -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- set told.system = '<<SYS>>\n' + message.content | trim + '\n<</SYS>>\n\n' -%}
{%- elif message.role == 'assistant' -%}
{{- ' ' + message.content | trim + ' ' + eos_token -}}
{%- else -%}
{{- bos_token + '[INST] ' + (told.system + message.content) | trim + ' [/INST]' -}}
{%- set told.system = '' -%}
{%- endif -%}
{%- endfor -%})";

constexpr std::string_view llama3 = R"({{- bos_token -}}
{%- for message in messages -%}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%})";

constexpr std::string_view chatml = R"({%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%})";

// nanochat/tokenizer.py, render_conversation: a system message begins the first message.
constexpr std::string_view nanochat = R"({{- bos_token -}}
{%- set told = namespace(system='') -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- set told.system = message.content + '\n\n' -%}
{%- else -%}
{{- '<|' + message.role + '_start|>' + told.system + message.content + '<|' + message.role + '_end|>' -}}
{%- set told.system = '' -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant_start|>' -}}{%- endif -%})";

constexpr std::string_view glm = R"({{- '[gMASK]<sop>' -}}
{%- for message in messages -%}{{- '<|' + message.role + '|>\n' + message.content -}}{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%})";

constexpr std::string_view deepseek = R"({{- bos_token -}}
{%- for message in messages -%}
{%- if message.role == 'user' -%}{{- '<｜User｜>' + message.content -}}
{%- elif message.role == 'assistant' -%}
{{- '<｜Assistant｜>' + message.content.split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}
{%- else -%}{{- message.content -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<｜Assistant｜>' -}}{%- endif -%})";

// ChatGLM-6B's chat and ChatGLM2's build_prompt, in modeling_chatglm.py; there is no place for a system message.
constexpr std::string_view chatglm = R"({%- set round = namespace(number=1) -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{{- raise_exception('chatglm has no place for a system message') -}}
{%- elif message.role == 'assistant' -%}
{{- '\n\n答：' + message.content + ('' if loop.last else '\n\n') -}}
{%- else -%}
{{- '[Round ' ~ round.number ~ ']\n\n问：' + message.content -}}
{%- set round.number = round.number + 1 -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '\n\n答：' -}}{%- endif -%})";

constexpr std::array llama3_tokens{"<|start_header_id|>"sv, "<|end_header_id|>"sv, "<|eot_id|>"sv};
constexpr std::array chatml_tokens{"<|im_start|>"sv, "<|im_end|>"sv};
constexpr std::array nanochat_tokens{"<|user_start|>"sv, "<|user_end|>"sv, "<|assistant_start|>"sv,
                                     "<|assistant_end|>"sv};
constexpr std::array glm_tokens{"[gMASK]"sv, "<sop>"sv, "<|user|>"sv, "<|assistant|>"sv};
constexpr std::array deepseek_tokens{"<｜User｜>"sv, "<｜Assistant｜>"sv, "<｜end▁of▁sentence｜>"sv};

constexpr std::array table{
    built_in_chat_template{"llama2", llama2, {}},
    built_in_chat_template{"llama3", llama3, llama3_tokens},
    built_in_chat_template{"chatml", chatml, chatml_tokens},
    built_in_chat_template{"nanochat", nanochat, nanochat_tokens},
    built_in_chat_template{"glm", glm, glm_tokens},
    built_in_chat_template{"deepseek", deepseek, deepseek_tokens},
    built_in_chat_template{"chatglm", chatglm, {}, true},
};

}  // namespace

std::span<built_in_chat_template const> built_in_chat_templates() { return table; }

built_in_chat_template const* find_built_in_chat_template(std::string_view name) {
  auto const found = std::ranges::find(table, name, &built_in_chat_template::name);
  return found == table.end() ? nullptr : &*found;
}

built_in_chat_template const* built_in_chat_template_for(tokenizer const& text) {
  auto const found = std::ranges::find_if(table, [&](built_in_chat_template const& t) {
    return !t.needs.empty() && std::ranges::all_of(t.needs, [&](auto token) { return text.find(token).has_value(); });
  });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace constformer
