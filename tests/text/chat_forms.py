"""Chat templates of the published forms, written for the tests of the Jinja interpreter: what each family's templates do, in other
words. {name: template}. Forms whose texts are long are put together from parts, as their authors' variants are."""

ALTERNATE = "{{ raise_exception('Roles must alternate user/assistant/user/assistant/...') }}"

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}"
    "{% else %}{% set rest = messages %}{% set system = false %}{% endif %}"
    "{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}" + ALTERNATE + "{% endif %}"
    "{% if loop.index0 == 0 and system != false %}"
    "{% set text = '<<SYS>>\\n' + system.strip() + '\\n<</SYS>>\\n\\n' + m['content'] %}{% else %}{% set text = m['content'] %}{% endif %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + text.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + text.strip() + ' ' + eos_token }}{% endif %}{% endfor %}")
LLAMA3 = (
    "{% for m in messages %}{% set text = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.first %}{{ bos_token }}{% endif %}{{ text }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}")
LLAMA31 = (
    "{{- bos_token }}\n{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}\n"
    "{%- if not tools_in_user_message is defined %}{%- set tools_in_user_message = true %}{%- endif %}\n"
    "{%- if not date_string is defined %}DAY{%- endif %}\n{%- if not tools is defined %}{%- set tools = none %}{%- endif %}\n"
    "{%- if messages[0]['role'] == 'system' %}{%- set told = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}"
    "{%- else %}{%- set told = \"\" %}{%- endif %}\n"
    "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}\n{%- if tools is not none %}{{- \"Environment: ipython\\n\" }}{%- endif %}"
    "{{- \"Cutting Knowledge Date: December 2023\\n\" }}{{- \"Today Date: \" + date_string + \"\\n\\n\" }}"
    "{%- if tools is not none and not tools_in_user_message %}{{- 'Functions:\\n' }}{%- for t in tools %}{{- t | tojson(indent=4) }}"
    "{{- \"\\n\\n\" }}{%- endfor %}{%- endif %}{{- told }}{{- \"<|eot_id|>\" }}\n"
    "{%- if tools_in_user_message and not tools is none %}{%- if messages | length != 0 %}"
    "{%- set first_user_message = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}{%- else %}"
    "{{- raise_exception(\"There is no first user message to put tools in!\") }}{%- endif %}"
    "{{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}{%- for t in tools %}{{- t | tojson(indent=4) }}{{- \"\\n\\n\" }}{%- endfor %}"
    "{{- first_user_message + \"<|eot_id|>\" }}{%- endif %}\n"
    "{%- for m in messages %}{%- if not (m.role == 'ipython' or m.role == 'tool' or 'tool_calls' in m) %}"
    "{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}"
    "{%- elif 'tool_calls' in m %}{%- if not m.tool_calls | length == 1 %}{{- raise_exception(\"One call at a time\") }}{%- endif %}"
    "{%- set call = m.tool_calls[0].function %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}"
    "{{- '{\"name\": \"' + call.name + '\", ' }}{{- '\"parameters\": ' }}{{- call.arguments | tojson }}{{- \"}\" }}{{- \"<|eot_id|>\" }}"
    "{%- elif m.role == \"tool\" or m.role == \"ipython\" %}{{- \"<|start_header_id|>ipython<|end_header_id|>\\n\\n\" }}"
    "{%- if m.content is mapping or m.content is iterable %}{{- m.content | tojson }}{%- else %}{{- m.content }}{%- endif %}"
    "{{- \"<|eot_id|>\" }}{%- endif %}{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}\n")
TODAY_SHORT = ("{%- if strftime_now is defined %}{%- set date_string = strftime_now(\"%d %b %Y\") %}"
               "{%- else %}{%- set date_string = \"26 Jul 2024\" %}{%- endif %}")
ASKS = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
CHATML = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" + ASKS
CHATML_DEFAULT = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a {friendly} assistant, aren\\'t you?<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" + ASKS)
CHATML_VARIABLE = (
    "{% set default_system = \"Be kind.\" %}{% if messages[0].role != 'system' %}<|im_start|>system\n{{ default_system }}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
CHATML_BOS = (
    "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] | trim + '<|im_end|>\\n' }}{% endfor %}" + ASKS)
CHATML_ROLES = (
    "{%- set names = {'user': 'human', 'assistant': 'gpt'} -%}{%- for m in messages -%}"
    "{{- '<|im_start|>' ~ names.get(m.role, m.role) ~ '\\n' ~ m.content ~ '<|im_end|>' -}}{%- endfor -%}"
    "{{- '<|im_start|>gpt\\n' if add_generation_prompt -}}")
QWEN25 = (
    "{%- if tools %}\n    {{- '<|im_start|>system\\n' }}\n    {%- if messages[0]['role'] == 'system' %}\n        {{- messages[0]['content'] }}\n"
    "    {%- else %}\n        {{- 'You help.' }}\n    {%- endif %}\n    {{- \"\\n\\n# Tools\\n\\n<tools>\" }}\n"
    "    {%- for tool in tools %}\n        {{- \"\\n\" }}\n        {{- tool | tojson }}\n    {%- endfor %}\n"
    "    {{- \"\\n</tools>\\n\\n<tool_call>\\n{\\\"name\\\": <function-name>}\\n</tool_call><|im_end|>\\n\" }}\n"
    "{%- else %}\n    {%- if messages[0]['role'] == 'system' %}\n        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n"
    "    {%- else %}\n        {{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}\n    {%- endif %}\n{%- endif %}\n"
    "{%- for message in messages %}\n    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or "
    "(message.role == \"assistant\" and not message.tool_calls) %}\n"
    "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
    "    {%- elif message.role == \"assistant\" %}\n        {{- '<|im_start|>' + message.role }}\n        {%- if message.content %}\n"
    "            {{- '\\n' + message.content }}\n        {%- endif %}\n        {%- for tool_call in message.tool_calls %}\n"
    "            {%- if tool_call.function is defined %}\n                {%- set tool_call = tool_call.function %}\n            {%- endif %}\n"
    "            {{- '\\n<tool_call>\\n{\"name\": \"' }}\n            {{- tool_call.name }}\n            {{- '\", \"arguments\": ' }}\n"
    "            {{- tool_call.arguments | tojson }}\n            {{- '}\\n</tool_call>' }}\n        {%- endfor %}\n        {{- '<|im_end|>\\n' }}\n"
    "    {%- elif message.role == \"tool\" %}\n        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != \"tool\") %}\n"
    "            {{- '<|im_start|>user' }}\n        {%- endif %}\n        {{- '\\n<tool_response>\\n' }}\n        {{- message.content }}\n"
    "        {{- '\\n</tool_response>' }}\n        {%- if loop.last or (messages[loop.index0 + 1].role != \"tool\") %}\n"
    "            {{- '<|im_end|>\\n' }}\n        {%- endif %}\n    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n")
QWEN3 = (
    "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}"
    "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages | length - 1) %}"
    "{%- for message in messages[::-1] %}{%- set index = (messages | length - 1) - loop.index0 %}"
    "{%- if ns.multi_step_tool and message.role == 'user' and message.content is string and not "
    "(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}"
    "{%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- if m.content is string %}{%- set content = m.content %}{%- else %}{%- set content = '' %}{%- endif %}"
    "{%- if m.role == 'user' %}{{- '<|im_start|>user\\n' + content + '<|im_end|>' + '\\n' }}"
    "{%- elif m.role == 'assistant' %}{%- set reasoning_content = '' %}{%- if m.reasoning_content is string %}"
    "{%- set reasoning_content = m.reasoning_content %}{%- elif '</think>' in content %}"
    "{%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}"
    "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
    "{%- if loop.index0 > ns.last_query_index %}{%- if loop.last or (not loop.last and reasoning_content) %}"
    "{{- '<|im_start|>assistant\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}"
    "{%- else %}{{- '<|im_start|>assistant\\n' + content }}{%- endif %}"
    "{%- else %}{{- '<|im_start|>assistant\\n' + content }}{%- endif %}"
    "{%- if m.tool_calls %}{%- for call in m.tool_calls %}{%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}"
    "{%- if call.function %}{%- set call = call.function %}{%- endif %}{{- '<tool_call>\\n{\"name\": \"' }}{{- call.name }}"
    "{{- '\", \"arguments\": ' }}{%- if call.arguments is string %}{{- call.arguments }}{%- else %}{{- call.arguments | tojson }}{%- endif %}"
    "{{- '}\\n</tool_call>' }}{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}"
    "{%- elif m.role == 'tool' %}{%- if loop.first or (messages[loop.index0 - 1].role != 'tool') %}{{- '<|im_start|>user' }}{%- endif %}"
    "{{- '\\n<tool_response>\\n' ~ content ~ '\\n</tool_response>' }}{%- if loop.last or (messages[loop.index0 + 1].role != 'tool') %}"
    "{{- '<|im_end|>\\n' }}{%- endif %}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}")
QWQ = (
    "{%- for m in messages %}{%- if m.role == 'assistant' %}{%- set content = m.content.split('</think>')[-1].lstrip('\\n') %}"
    "{%- else %}{%- set content = m.content %}{%- endif %}{{- '<|im_start|>' + m.role + '\\n' + content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}")
SMOLLM3 = (
    "{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}"
    "{%- set reasoning_mode = '/think' if enable_thinking else '/no_think' -%}{{- \"<|im_start|>system\\n\" -}}"
    "{%- set custom_instructions = '' -%}{%- if messages[0].role == \"system\" -%}{%- set system_message = messages[0].content -%}"
    "{%- if \"/no_think\" in system_message -%}{%- set reasoning_mode = \"/no_think\" -%}{%- endif -%}"
    "{%- set custom_instructions = system_message.replace(\"/no_think\", \"\").replace(\"/think\", \"\").rstrip() -%}{%- endif -%}"
    "{%- if \"/system_override\" in system_message -%}"
    "{{- custom_instructions.replace(\"/system_override\", \"\").rstrip() -}}{{- \"<|im_end|>\\n\" -}}{%- else -%}"
    "{{- \"## Metadata\\n\\nKnowledge Cutoff Date: June 2025\\n\" -}}{%- set today = strftime_now(\"%d %B %Y\") -%}"
    "{{- \"Today Date: \" ~ today ~ \"\\n\" -}}{{- \"Reasoning Mode: \" + reasoning_mode + \"\\n\\n\" -}}"
    "{{- \"## Custom Instructions\\n\\n\" -}}{%- if custom_instructions -%}{{- custom_instructions + \"\\n\\n\" -}}"
    "{%- elif reasoning_mode == \"/think\" -%}{{- \"Think first, <think> so </think>, then answer.\\n\\n\" -}}"
    "{%- else -%}{{- \"Answer.\\n\\n\" -}}{%- endif -%}"
    "{%- if xml_tools or python_tools or tools -%}{{- \"### Tools\\n\\n\" -}}{%- set ns = namespace(xml=\"<tools>\\n\") -%}"
    "{%- for tool in tools[:] -%}{%- set ns.xml = ns.xml ~ (tool | string) ~ \"\\n\" -%}{%- endfor -%}{{- ns.xml ~ \"</tools>\" -}}"
    "{{- \"<|im_end|>\\n\" -}}{%- endif -%}{%- endif -%}"
    "{%- for message in messages -%}{%- set content = message.content if message.content is string else \"\" -%}"
    "{%- if message.role == \"user\" -%}{{ \"<|im_start|>\" + message.role + \"\\n\" + content + \"<|im_end|>\\n\" }}"
    "{%- elif message.role == \"assistant\" -%}{% generation %}{{ \"<|im_start|>assistant\\n\" }}"
    "{%- if reasoning_mode == \"/no_think\" -%}{{ \"<think>\\n\\n</think>\\n\" }}{%- endif -%}"
    "{{ content.lstrip(\"\\n\") + \"<|im_end|>\\n\" }}{% endgeneration %}{%- elif message.role == 'tool' -%}"
    "{{ \"<|im_start|>\" + \"user\\n\"  + content + \"<|im_end|>\\n\" }}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ \"<|im_start|>assistant\\n\" }}"
    "{%- if reasoning_mode == \"/no_think\" -%}{{ \"<think>\\n\\n</think>\\n\" }}{%- endif -%}{%- endif -%}")
NANOCHAT = (
    "{{ bos_token }}{% set rest = messages %}{% if messages[0]['role'] == 'system' %}"
    "{% set rest = messages[1:] %}{% set system = messages[0]['content'] + '\\n\\n' %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in rest %}{% if m['role'] == 'user' %}{{ '<|user_start|>' + (system if loop.first else '') + m['content'] + '<|user_end|>' }}"
    "{% else %}{{ '<|assistant_start|>' + m['content'] + '<|assistant_end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant_start|>' }}{% endif %}")
GLM = (
    "[gMASK]<sop>{% for m in messages %}{% if m['content'] %}<|{{ m['role'] }}|>\n{{ m['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}")
GLM_LINE = (
    "[gMASK]<sop>{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'].strip() }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")
GLM_TOOLS = (
    "[gMASK]<sop>\n{%- if tools -%}\n<|system|>\n# Tools\n{% for tool in tools %}\n\n## {{ tool.function.name }}\n\n"
    "{{ tool.function | tojson(indent=4, ensure_ascii=False) }}\n{%- endfor %}\n{%- endif -%}\n"
    "{%- macro visible(content) -%}{%- if content is string -%}{{- content }}{%- elif content is iterable and content is not mapping -%}"
    "{%- for item in content -%}{%- if item is mapping and item.type == 'text' -%}{{- item.text }}{%- elif item is string -%}{{- item }}"
    "{%- endif -%}{%- endfor -%}{%- else -%}{{- content }}{%- endif -%}{%- endmacro -%}\n"
    "{% for m in messages %}\n{%- if m.role == 'user' -%}<|user|>\n{{ visible(m.content) }}\n"
    "{%- elif m.role == 'assistant' -%}<|assistant|>{% set content = visible(m.content) %}\n{{ content.strip() }}\n"
    "{%- if m.tool_calls %}{% for c in m.tool_calls %}\n{{ '<tool_call>' + c.function.name }}{% for k, v in c.function.arguments.items() %}"
    "\n<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v | tojson if v is not string else v }}</arg_value>{% endfor %}{% endfor %}{% endif %}\n"
    "{%- elif m.role == 'tool' -%}<|observation|>\n{{ m.content }}\n{%- elif m.role == 'system' -%}<|system|>\n{{ visible(m.content) }}\n"
    "{%- endif -%}\n{%- endfor -%}\n{%- if add_generation_prompt -%}<|assistant|>{{- '\\n<think></think>' if (enable_thinking is defined and "
    "not enable_thinking) else '' -}}\n{%- endif -%}")
DEEPSEEK = (
    "{% set ns = namespace(system_prompt='', is_first=true) %}{%- for m in messages %}{%- if m['role'] == 'system' %}"
    "{%- if ns.is_first %}{% set ns.system_prompt = ns.system_prompt + m['content'] %}{% set ns.is_first = false %}"
    "{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + m['content'] %}{%- endif %}{%- endif %}{%- endfor %}"
    "{{ bos_token }}{{ ns.system_prompt }}"
    "{%- for m in messages %}{%- if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{%- endif %}"
    "{%- if m['role'] == 'assistant' and not m.tool_calls %}{% set content = m['content'] %}FORGET"
    "{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{%- endif %}{%- endfor -%}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜>THINK' }}{% endif %}")
DEEPSEEK_R1 = DEEPSEEK.replace("THINK", "<think>\\n").replace(
    "FORGET", "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}")
DEEPSEEK = DEEPSEEK.replace("THINK", "").replace("FORGET", "")
DEEPSEEK_V31 = (
    "{%- if not thinking is defined -%}{%- set thinking = false -%}{%- endif -%}{{ bos_token }}"
    "{%- for m in messages %}{%- if m['role'] == 'system' %}{{ m['content'] }}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{%- endif %}"
    "{%- if m['role'] == 'assistant' %}{{ '<｜Assistant｜>' }}{%- if thinking -%}{{'<think>'}}{%- else -%}{{'</think>'}}{%- endif -%}"
    "{%- set content = m['content'] or '' -%}{%- if '</think>' in content -%}{%- set content = content.split('</think>', 1)[1] -%}{%- endif -%}"
    "{{ content + '<｜end▁of▁sentence｜>' }}{%- endif %}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<｜Assistant｜>' }}{%- if not thinking -%}{{'</think>'}}{%- else -%}{{'<think>'}}{%- endif -%}{%- endif -%}")
CHATGLM2 = (
    "{%- set counter = namespace(index=1) -%}{%- for m in messages -%}{%- if m['role'] == 'user' -%}"
    "{{- '[Round ' + counter.index | string + ']\\n\\n问：' + m['content'] -}}{%- set counter.index = counter.index + 1 -%}{%- endif -%}"
    "{%- if m['role'] == 'assistant' -%}{{- '\\n\\n答：' + m['content'] -}}"
    "{%- if not loop.last -%}{{- '\\n\\n' -}}{%- endif -%}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '\\n\\n答：' -}}{%- endif -%}")
CHATGLM = CHATGLM2.replace("\\n\\n", "\\n").replace("index=1", "index=0")
MISTRAL_V1 = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}" + ALTERNATE +
    "{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}")
MISTRAL_V3 = (
    "{%- if messages[0][\"role\"] == \"system\" %}\n    {%- set system_message = messages[0][\"content\"] %}\n    {%- set loop_messages = messages[1:] %}\n"
    "{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n{%- if not tools is defined %}\n    {%- set tools = none %}\n{%- endif %}\n"
    "{%- set user_messages = loop_messages | selectattr(\"role\", \"equalto\", \"user\") | list %}\n\n{%- set ns = namespace() %}\n"
    "{%- set ns.index = 0 %}\n{%- for message in loop_messages %}\n"
    "    {%- if not (message.role == \"tool\" or message.role == \"tool_results\" or (message.tool_calls is defined and message.tool_calls is not none)) %}\n"
    "        {%- if (message[\"role\"] == \"user\") != (ns.index % 2 == 0) %}\n            {{- raise_exception(\"Roles must alternate\") }}\n"
    "        {%- endif %}\n        {%- set ns.index = ns.index + 1 %}\n    {%- endif %}\n{%- endfor %}\n\n{{- bos_token }}\n"
    "{%- for message in loop_messages %}\n    {%- if message[\"role\"] == \"user\" %}\n"
    "        {%- if tools is not none and (message == user_messages[-1]) %}\n            {{- \"[AVAILABLE_TOOLS] [\" }}\n"
    "            {%- for tool in tools %}\n                {%- set tool = tool.function %}\n                {{- '{\"type\": \"function\", \"function\": {' }}\n"
    "                {%- for key, val in tool.items() if key != \"return\" %}\n                    {%- if val is string %}\n"
    "                        {{- '\"' + key + '\": \"' + val + '\"' }}\n                    {%- else %}\n"
    "                        {{- '\"' + key + '\": ' + val|tojson }}\n                    {%- endif %}\n"
    "                    {%- if not loop.last %}\n                        {{- \", \" }}\n                    {%- endif %}\n"
    "                {%- endfor %}\n                {{- \"}}\" }}\n                {%- if not loop.last %}\n                    {{- \", \" }}\n"
    "                {%- else %}\n                    {{- \"]\" }}\n                {%- endif %}\n            {%- endfor %}\n"
    "            {{- \"[/AVAILABLE_TOOLS]\" }}\n        {%- endif %}\n        {%- if loop.last and system_message is defined %}\n"
    "            {{- \"[INST] \" + system_message + \"\\n\\n\" + message[\"content\"] + \"[/INST]\" }}\n        {%- else %}\n"
    "            {{- \"[INST] \" + message[\"content\"] + \"[/INST]\" }}\n        {%- endif %}\n"
    "    {%- elif message.tool_calls is defined and message.tool_calls is not none %}\n        {{- \"[TOOL_CALLS] [\" }}\n"
    "        {%- for tool_call in message.tool_calls %}\n            {%- set out = tool_call.function|tojson %}\n            {{- out[:-1] }}\n"
    "            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}\n"
    "                {{- raise_exception(\"Tool call IDs should be alphanumeric strings with length 9!\") }}\n            {%- endif %}\n"
    "            {{- ', \"id\": \"' + tool_call.id + '\"}' }}\n            {%- if not loop.last %}{{- \", \" }}{%- else %}{{- \"]\" + eos_token }}{%- endif %}\n"
    "        {%- endfor %}\n    {%- elif message[\"role\"] == \"assistant\" %}\n        {{- \" \" + message[\"content\"]|trim + eos_token}}\n"
    "    {%- elif message[\"role\"] == \"tool_results\" or message[\"role\"] == \"tool\" %}\n"
    "        {%- if message.content is defined and message.content.content is defined %}\n            {%- set content = message.content.content %}\n"
    "        {%- else %}\n            {%- set content = message.content %}\n        {%- endif %}\n"
    "        {{- '[TOOL_RESULTS] {\"content\": ' + content|string + \", \" }}\n        {{- '\"call_id\": \"' + message.tool_call_id + '\"}[/TOOL_RESULTS]' }}\n"
    "    {%- else %}\n        {{- raise_exception(\"Only user and assistant roles are supported!\") }}\n    {%- endif %}\n{%- endfor %}\n")
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}" + ALTERNATE + "{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}")
GEMMA3 = (
    "{{ bos_token }}\n{%- if messages[0]['role'] == 'system' -%}\n    {%- if messages[0]['content'] is string -%}\n"
    "        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}\n    {%- else -%}\n"
    "        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}\n    {%- endif -%}\n"
    "    {%- set loop_messages = messages[1:] -%}\n{%- else -%}\n    {%- set first_user_prefix = \"\" -%}\n    {%- set loop_messages = messages -%}\n"
    "{%- endif -%}\n{%- for message in loop_messages -%}\n    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}\n"
    "        {{ raise_exception(\"Conversation roles must alternate\") }}\n    {%- endif -%}\n"
    "    {%- set role = \"model\" if message['role'] == 'assistant' else message['role'] -%}\n"
    "    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else \"\") }}\n    {%- if message['content'] is string -%}\n"
    "        {{ message['content'] | trim }}\n    {%- elif message['content'] is iterable -%}\n        {%- for item in message['content'] -%}\n"
    "            {%- if item['type'] == 'image' -%}\n                {{ '<start_of_image>' }}\n            {%- elif item['type'] == 'text' -%}\n"
    "                {{ item['text'] | trim }}\n            {%- endif -%}\n        {%- endfor -%}\n    {%- else -%}\n"
    "        {{ raise_exception(\"Invalid content type\") }}\n    {%- endif -%}\n    {{ '<end_of_turn>\\n' }}\n{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n    {{'<start_of_turn>model\\n'}}\n{%- endif -%}\n")
PHI3 = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}"
    "{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
    "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}")
PHI3_FIRST = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') %}{{'<|user|>' + '\\n' + message['content'] + '<|end|>' + '\\n' "
    "+ '<|assistant|>' + '\\n'}}{% elif (message['role'] == 'assistant') %}{{message['content'] + '<|end|>' + '\\n'}}{% endif %}{% endfor %}")
PHI4 = (
    "{% for message in messages %}{% if (message['role'] == 'system') %}{{'<|im_start|>system<|im_sep|>' + message['content'] + '<|im_end|>'}}"
    "{% elif (message['role'] == 'user') %}{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}"
    "{% elif (message['role'] == 'assistant') %}{{'<|im_start|>assistant<|im_sep|>' + message['content'] + '<|im_end|>'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}")
ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}")
VICUNA = (
    "{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] | trim %}{% set messages = messages[1:] %}"
    "{% else %}{% set system_message = 'A chat.' %}{% endif %}{{ bos_token + system_message }}{% for m in messages %}"
    "{% if m['role'] == 'user' %}{{ ' USER: ' + m['content'] | trim }}{% else %}{{ ' ASSISTANT: ' + m['content'] | trim + eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ ' ASSISTANT:' }}{% endif %}")
ALPACA = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'system' and loop.first %}{{ m['content'] }}{% elif m['role'] == 'user' %}"
    "{{ '### Instruction:\\n' + m['content'] }}{% elif m['role'] == 'assistant' %}{{ '### Response:\\n' + m['content'] + eos_token }}{% endif %}"
    "{% if not loop.last %}{{ '\\n\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}{{ '\\n\\n### Response:\\n' }}{% endif %}")
COMMAND_R = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}"
    "{% elif false == true %}{% set loop_messages = messages %}{% set system_message = 'You are Command-R.' %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% if system_message != false %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + system_message + '<|END_OF_TURN_TOKEN|>' }}{% endif %}"
    "{% for message in loop_messages %}{% set content = message['content'] %}"
    "{% if message['role'] == 'user' %}{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}"
    "{% elif message['role'] == 'assistant' %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'  + content.strip() + '<|END_OF_TURN_TOKEN|>' }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}")
COMMAND_R_TOOLS = (
    "{%- macro json_to_python_type(json_spec) %}\n{%- set basic_type_map = {\n    \"string\": \"str\",\n    \"number\": \"float\",\n"
    "    \"integer\": \"int\",\n    \"boolean\": \"bool\"\n} %}\n\n{%- if basic_type_map[json_spec.type] is defined %}\n"
    "    {{- basic_type_map[json_spec.type] }}\n{%- elif json_spec.type == \"array\" %}\n"
    "    {{- \"List[\" +  json_to_python_type(json_spec.items) + \"]\"}}\n{%- elif json_spec.type == \"object\" %}\n"
    "    {{- \"Dict[str, \" + json_to_python_type(json_spec.additionalProperties) + ']'}}\n{%- elif json_spec.type is iterable %}\n"
    "    {{- \"Union[\" }}\n    {%- for t in json_spec.type %}\n      {{- json_to_python_type({\"type\": t}) }}\n"
    "      {%- if not loop.last %}\n        {{- \",\" }}\n      {%- endif %}\n    {%- endfor %}\n    {{- \"]\" }}\n{%- else %}\n"
    "    {{- \"Any\" }}\n{%- endif %}\n{%- endmacro %}\n"
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set system_message = '## Task' %}{% endif %}{{ '<|SYSTEM_TOKEN|>' + system_message }}\n"
    "{%- for tool in tools %}{% if loop.first %}{{ '\\n```python\\n' }}{% endif %}{{ 'def ' + tool.function.name + '('}}"
    "{%- for name, fields in tool.function.parameters.properties.items() %}{{ name }}: {% if not name in tool.function.parameters.required -%}"
    "{{'Optional[' + json_to_python_type(fields) + '] = None'}}{%- else %}{{ json_to_python_type(fields) }}{%- endif %}"
    "{%- if not loop.last %}, {% endif %}{% endfor %}) -> List[Dict]:\n    \"\"\"{{ tool.function.description }}{% if tool.function.parameters.properties|length != 0 %}"
    "\n\n    Args:\n        {%- for name, fields in tool.function.parameters.properties|dictsort %}\n"
    "        {{ name }} ({{ json_to_python_type(fields) }}): {{ fields.description | indent(8) }}\n        {%- endfor %}\n{%- endif %}\n    \"\"\"\n"
    "    pass{% if not loop.last %}\n\n\n{% else %}\n```{% endif %}{% endfor %}\n"
    "{%- for m in messages if m.role != 'system' %}<|{{ m.role | upper }}_TOKEN|>"
    "{% if m.tool_calls is defined %}{{ '```json\\n[' }}{% for c in m.tool_calls %}{{ {'tool_name': c.function.name, 'parameters': c.function.arguments} | tojson(indent=4) | indent(4, first=true) }}"
    "{% if not loop.last %},{% endif %}{% endfor %}{{ '\\n]```' }}{% else %}{{ m.content }}{% endif %}{% endfor %}")
HERMES_TOOLS = (
    "{{ bos_token }}<|im_start|>system\nYou may call functions: <tools> {% for tool in tools %}"
    "{{- '{\"type\": \"function\", \"function\": ' }}{{- '{\"name\": \"' + tool.function.name + '\", ' }}"
    "{{- '\"description\": \"' + tool.function.name + '(' }}{%- for param_name, param_fields in tool.function.parameters.properties|items %}"
    "{{- param_name + \": \" + param_fields.type | string }}{%- if not loop.last %}{{- \", \" }}{%- endif %}{%- endfor %}{{- \")\" }}"
    "{%- if tool.function.return is defined %}{{- \" -> \" + tool.function.return.type }}{%- endif %}"
    "{{- ' - ' + tool.function.description + '\", \"parameters\": ' }}{%- if tool.function.parameters.properties | length == 0 %}{{- '{}' }}"
    "{%- else %}{{- tool.function.parameters|tojson }}{%- endif %}{{- '}' }}{%- if not loop.last %}{{- '\\n' }}{%- endif %}{%- endfor %}"
    "{{- ' </tools>' }}{{- '<|im_end|>\\n' }}{%- for message in messages %}"
    "{%- if message.role == \"tool\" %}{%- if loop.previtem and loop.previtem.role != \"tool\" %}{{- '<|im_start|>tool\\n' }}{%- endif %}"
    "{{- '<tool_response>\\n' }}{{- message.content }}{%- if not loop.last %}{{- '\\n</tool_response>\\n' }}{%- else %}{{- '\\n</tool_response>' }}"
    "{%- endif %}{%- if not loop.last and loop.nextitem.role != \"tool\" %}{{- '<|im_end|>' }}{%- elif loop.last %}{{- '<|im_end|>' }}{%- endif %}"
    "{%- elif message.role == \"assistant\" and message.tool_calls is defined %}{{- '<|im_start|>' + message.role }}"
    "{%- for tool_call in message.tool_calls %}{{- '\\n<tool_call>\\n' }}{%- set tool_call = tool_call.function %}"
    "{{- '{' }}{{- '\"name\": \"' }}{{- tool_call.name }}{{- '\"' }}{{- ', ' }}{{- '\"arguments\": ' }}{{- tool_call.arguments|tojson }}"
    "{{- '}' }}{{- '\\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- else %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endif %}{%- endfor %}" + ASKS)
GRANITE = (
    "{%- if messages[0]['role'] == 'system' %}\n     {%- set system_message = messages[0]['content'] %}\n     {%- set loop_messages = messages[1:] %}\n"
    "{%- else %}\n     {%- set system_message = \"Knowledge Cutoff Date: April 2024.\\nToday's Date: \" + strftime_now('%B %d, %Y') + \".\" %}\n"
    "     {%- if documents %}\n         {%- set system_message = system_message + \" Use the documents.\" %}\n     {%- endif %}\n"
    "     {%- set loop_messages = messages %}\n{%- endif %}\n{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\\n' }}\n"
    "{%- if tools %}\n    {{- '<|start_of_role|>tools<|end_of_role|>' }}\n    {{- tools | tojson(indent=4) }}\n    {{- '<|end_of_text|>\\n' }}\n{%- endif %}\n"
    "{%- if documents %}\n    {{- '<|start_of_role|>documents<|end_of_role|>' }}\n    {%- for document in documents %}\n"
    "        {{- 'Document ' + loop.index | string + '\\n' }}\n        {{- document['text'] }}\n        {%- if not loop.last %}\n            {{- '\\n\\n' }}\n"
    "        {%- endif %}\n    {%- endfor %}\n    {{- '<|end_of_text|>\\n' }}\n{%- endif %}\n{%- for message in loop_messages %}\n"
    "    {{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}\n"
    "    {%- if loop.last and add_generation_prompt %}\n            {{- '<|start_of_role|>assistant<|end_of_role|>' }}\n    {%- endif %}\n{%- endfor %}")
GPT_OSS = (
    "{#-\n  A comment of its own.\n#}\n{%- macro render_typescript_type(param_spec, required_params, is_nullable=false) -%}\n"
    "    {%- if param_spec.type == \"array\" -%}\n        {%- if param_spec['items'] -%}\n"
    "            {{- render_typescript_type(param_spec['items'], required_params) }}[]\n        {%- else -%}\n            {{- \"any[]\" }}\n        {%- endif -%}\n"
    "    {%- elif param_spec.type is defined and param_spec.type is iterable and param_spec.type is not string and param_spec.type is not mapping and param_spec.type[0] is defined -%}\n"
    "        {{- param_spec.type | join(\" | \") }}\n    {%- elif param_spec.enum -%}\n        {{- '\"' + param_spec.enum | join('\" | \"') + '\"' -}}\n"
    "    {%- elif param_spec.type == \"integer\" -%}\n        {{- \"number\" }}\n    {%- else -%}\n        {{- param_spec.type }}\n    {%- endif -%}\n{%- endmacro -%}\n\n"
    "{%- macro render_tools(tools) -%}\n    {{- \"namespace functions {\\n\\n\" }}\n    {%- for tool in tools %}\n        {%- set tool = tool.function %}\n"
    "        {{- \"// \" + tool.description + \"\\n\" }}\n        {{- \"type \" + tool.name + \" = \" }}\n"
    "        {%- if tool.parameters and tool.parameters.properties %}\n            {{- \"(_: {\\n\" }}\n"
    "            {%- for param_name, param_spec in tool.parameters.properties.items() %}\n                {%- if param_spec.description %}\n"
    "                    {{- \"// \" + param_spec.description + \"\\n\" }}\n                {%- endif %}\n                {{- param_name }}\n"
    "                {%- if param_name not in (tool.parameters.required or []) -%}\n                    {{- \"?\" }}\n                {%- endif -%}\n"
    "                {{- \": \" }}\n                {{- render_typescript_type(param_spec, tool.parameters.required or []) }}\n"
    "                {%- if param_spec.default is defined -%}\n                    {{- \", // default: \" + param_spec.default|tojson }}\n"
    "                {%- endif -%}\n                {%- if not loop.last %}\n                    {{- \",\\n\" }}\n                {%- else %}\n                    {{- \"\\n\" }}\n"
    "                {%- endif -%}\n            {%- endfor %}\n            {{- \"}) => any;\\n\\n\" }}\n        {%- else -%}\n            {{- \"() => any;\\n\\n\" }}\n"
    "        {%- endif -%}\n    {%- endfor %}\n    {{- \"} // namespace functions\" }}\n{%- endmacro -%}\n"
    "{{- \"<|start|>system<|message|>\" }}{{- \"Current date: \" + strftime_now(\"%Y-%m-%d\") + \"\\n\\n\" }}\n"
    "{%- if reasoning_effort is not defined %}\n    {%- set reasoning_effort = \"medium\" %}\n{%- endif %}\n{{- \"Reasoning: \" + reasoning_effort + \"<|end|>\" }}\n"
    "{%- if messages[0].role == \"developer\" or messages[0].role == \"system\" %}\n    {%- set developer_message = messages[0].content %}\n"
    "    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set developer_message = \"\" %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n"
    "{%- if developer_message or tools %}\n    {{- \"<|start|>developer<|message|>\" }}\n    {%- if tools %}\n        {{- render_tools(tools) }}\n    {%- endif %}\n"
    "    {{- developer_message ~ \"<|end|>\" }}\n{%- endif %}\n{%- set last_tool_call = namespace(name=none) %}\n{%- for message in loop_messages -%}\n"
    "    {%- if message.role == 'assistant' -%}\n        {%- if \"tool_calls\" in message %}\n            {%- set tool_call = message.tool_calls[0].function %}\n"
    "            {%- if message.content and message.thinking %}{{- raise_exception(\"Both content and thinking\") }}{%- endif %}\n"
    "            {{- \"<|start|>assistant to=\" }}\n            {{- \"functions.\" + tool_call.name + \"<|channel|>commentary json<|message|>\" }}\n"
    "            {{- tool_call.arguments|tojson }}\n            {{- \"<|call|>\" }}\n            {%- set last_tool_call.name = tool_call.name %}\n"
    "        {%- elif loop.last and not add_generation_prompt %}\n"
    "            {{- \"<|start|>assistant<|channel|>final<|message|>\" + message.content + \"<|return|>\" }}\n        {%- else %}\n"
    "            {{- \"<|start|>assistant<|channel|>final<|message|>\" + message.content + \"<|end|>\" }}\n            {%- set last_tool_call.name = none %}\n"
    "        {%- endif %}\n    {%- elif message.role == 'tool' -%}\n        {%- if last_tool_call.name is none %}\n"
    "            {{- raise_exception(\"Message has tool role, but there was no previous assistant message with a tool call!\") }}\n        {%- endif %}\n"
    "        {{- \"<|start|>functions.\" + last_tool_call.name }}\n        {{- \" to=assistant<|channel|>commentary<|message|>\" + message.content|tojson + \"<|end|>\" }}\n"
    "    {%- elif message.role == 'user' -%}\n        {{- \"<|start|>user<|message|>\" + message.content + \"<|end|>\" }}\n    {%- endif -%}\n{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n<|start|>assistant\n{%- endif -%}")
KIMI = (
    "{%- macro content_of(content) -%}{%- if content is string -%}{{ content }}{%- else -%}{%- for part in content -%}{{ part.get('text', '<|media|>') }}"
    "{%- endfor -%}{%- endif -%}{%- endmacro -%}"
    "{%- if tools -%}<|im_system|>tool_declare<|im_middle|>{{ tools | tojson(separators=(',', ':')) }}<|im_end|>{%- endif -%}"
    "{%- for message in messages -%}\n  {%- if loop.first and messages[0]['role'] != 'system' -%}\n"
    "  <|im_system|>system<|im_middle|>You are helpful.<|im_end|>\n  {%- endif -%}\n  {%- if message['role'] == 'system' -%}\n    <|im_system|>system<|im_middle|>\n"
    "  {%- elif message['role'] == 'user' -%}\n    <|im_user|>user<|im_middle|>\n  {%- elif message['role'] == 'assistant' -%}\n    <|im_assistant|>assistant<|im_middle|>\n"
    "  {%- elif message['role'] == 'tool' -%}\n    <|im_system|>tool<|im_middle|>## Return of {{ message.tool_call_id }}:\n{% endif -%}\n"
    "  {%- if message['role'] == 'assistant' and message.get('tool_calls') -%}{%- for call in message['tool_calls'] -%}"
    "<|tool_call_begin|>{{ call['id'] }}<|tool_call_argument_begin|>{% if call['function']['arguments'] is string %}{{ call['function']['arguments'] }}"
    "{% else %}{{ call['function']['arguments'] | tojson }}{% endif %}<|tool_call_end|>{%- endfor -%}{%- else -%}{{ content_of(message.content) }}"
    "{%- endif -%}<|im_end|>\n{%- endfor -%}\n{%- if add_generation_prompt -%}\n  <|im_assistant|>assistant<|im_middle|>\n{%- endif -%}\n")
OPENCHAT = (
    "{{ bos_token }}{% for message in messages %}{{ 'GPT4 Correct ' + message['role'].title() + ': ' + message['content'] + '<|end_of_turn|>'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}")
OLMO = (
    "{{ eos_token }}{% for message in messages %}\n{% if message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] }}\n"
    "{% elif message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] }}\n{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}")
STARCHAT = (
    "{% for m in messages %}{{ '<|' ~ m.role ~ '|>\\n' ~ m.content.strip() ~ '<|end|>\\n' }}{% endfor %}"
    "{{ '<|assistant|>\\n' if add_generation_prompt else '' }}")
FALCON = (
    "{% for message in messages %}{% if not loop.first %}{{ '\\n' }}{% endif %}{{ message['role'].capitalize() + ': ' + "
    "message['content'].replace('\\r\\n', '\\n').replace('\\n\\n', '\\n') }}{% endfor %}{% if add_generation_prompt %}{{ '\\n' + 'Assistant:' }}{% endif %}")
INTERNLM2 = (
    "{{ bos_token }}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{%- if loop.last and add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}{% endfor %}")
SOLAR = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ '### System:\\n' }}{% elif message.role == 'user' %}{{ '### User:\\n' }}"
    "{% else %}{{ '### Assistant:\\n' }}{% endif %}{% if message.content %}{{ message.content }}{% if not loop.last %}{{ '\\n\\n' }}{% endif %}"
    "{% else %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '\\n\\n### Assistant:\\n' }}{% endif %}")
EXAONE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '[|system|][|endofturn|]\\n' }}{% endif %}"
    "{{ '[|' + message['role'] + '|]' + message['content'] }}{% if message['role'] == 'user' %}{{ '\\n' }}{% else %}{{ '[|endofturn|]\\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}")
MINICPM = "{% for message in messages %}{% if message['role'] == 'user' %}{{'<用户>' + message['content'].strip() + '<AI>'}}{% else %}{{message['content'].strip()}}{% endif %}{% endfor %}"
BAICHUAN = (
    "{% set user_token = '<reserved_106>' %}{% set assistant_token = '<reserved_107>' %}{% for message in messages -%}"
    "{{ user_token ~ message.content if message.role == 'user' else assistant_token ~ message.content if message.role == 'assistant' else message.content }}"
    "{%- endfor %}{{ assistant_token if add_generation_prompt }}")
RWKV = (
    "{%- for message in messages -%}\n    {%- if message.role == \"user\" -%}\n        {{- \"User: \" + message.content.strip() + \"\\n\\n\" -}}\n"
    "    {%- elif message.role == \"system\" -%}\n        {{- \"System: \" + message.content|trim + \"\\n\\n\" -}}\n    {%- elif message.role == \"assistant\" -%}\n"
    "        {{- \"Assistant: \" + message.content|trim|replace('\\n\\n', '\\n') + \"\\n\\n\" -}}\n    {%- endif -%}\n{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n    {{- \"Assistant:\" -}}\n{%- endif -%}\n")

FORMS = {
    "llama2": LLAMA2, "llama3": LLAMA3,
    "llama31": LLAMA31.replace("DAY", "{%- set date_string = \"26 Jul 2024\" %}"), "llama32": LLAMA31.replace("DAY", TODAY_SHORT),
    "chatml": CHATML, "chatml_default": CHATML_DEFAULT, "chatml_variable": CHATML_VARIABLE, "chatml_bos": CHATML_BOS,
    "chatml_roles": CHATML_ROLES, "qwen25": QWEN25, "qwen3": QWEN3, "qwq": QWQ, "smollm3": SMOLLM3, "nanochat": NANOCHAT,
    "glm": GLM, "glm_line": GLM_LINE, "glm_tools": GLM_TOOLS, "deepseek": DEEPSEEK, "deepseek_r1": DEEPSEEK_R1,
    "deepseek_v31": DEEPSEEK_V31, "chatglm2": CHATGLM2, "chatglm": CHATGLM, "mistral_v1": MISTRAL_V1, "mistral_v3": MISTRAL_V3,
    "gemma": GEMMA, "gemma3": GEMMA3, "phi3": PHI3, "phi3_first": PHI3_FIRST, "phi4": PHI4, "zephyr": ZEPHYR, "vicuna": VICUNA,
    "alpaca": ALPACA, "command_r": COMMAND_R, "command_r_tools": COMMAND_R_TOOLS, "hermes_tools": HERMES_TOOLS, "granite": GRANITE,
    "gpt_oss": GPT_OSS, "kimi": KIMI, "openchat": OPENCHAT, "olmo": OLMO, "starchat": STARCHAT, "falcon": FALCON,
    "internlm2": INTERNLM2, "solar": SOLAR, "exaone": EXAONE, "minicpm": MINICPM, "baichuan": BAICHUAN, "rwkv": RWKV,
}
