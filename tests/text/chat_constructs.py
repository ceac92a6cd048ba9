"""Small templates, one for each construct of the language: rendered by jinja2 as transformers sets it up, and by our interpreter. OPTIONS
are the names they are given."""

OPTIONS = {
    "text": "  Hello, Wörld & <you>!\n second\tline ", "empty": "", "word": "straße", "number": 7, "negative": -3, "real": 2.5, "yes": True,
    "nothing": None, "list": ["b", "A", "c", "a"], "numbers": [3, 1, 2, 3], "nested": {"a": {"b": [1, {"c": "deep"}]}, "items": 5, "get": "own"},
    "dict": {"z": 1, "a": "two", "M": None, "list": [1, 2.0, True]}, "people": [{"name": "Bo", "age": 30, "likes": ["x"]}, {"name": "al", "age": 4},
    {"name": "Cy", "age": 30, "likes": []}], "quotes": "it's \"so\"\\n", "html": "<a href='b'>&</a>", "cjk": "漢字かな交じり文 😀", "lines": "a\n\nb\r\nc",
}

CONSTRUCTS = [
    # Output of every type.
    "{{ text }}|{{ empty }}|{{ number }}|{{ negative }}|{{ real }}|{{ yes }}|{{ nothing }}|{{ list }}|{{ dict }}|{{ nested }}|{{ missing }}",
    "{{ [1, 2.0, 'x', \"it's\", none, true, [], {}, (), (1,), (1, 'a')] }}", "{{ {'a': 1, 2: 'b', none: 3, true: 4} }}", "{{ quotes }} {{ [quotes, cjk, word] }}",
    "{{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789012345.0 }} {{ 0.1 + 0.2 }} {{ 1e-4 }} {{ 5 / 2 }} {{ 4 / 2 }} {{ -0.0 }}", "{{ 1_000 }} {{ 1_0.5 }}",
    "{{ '\\n\\t\\\\\\'\\x41\\u00e9\\101\\q' }}{{ \"a\" 'b' }}", "{{ {'a': {'b': 1}}.a.b }} {{ [1, [2, 3]][1][0] }} {{ nested.a.b[1].c }} {{ nested['a']['b'].0 }}",
    # White space.
    "a\n  {% if yes %}\n  b\n  {% endif %}\n  c\n", "a  {%- if yes -%}  b  {%- endif -%}  c", "  {%+ if yes %}b{% endif +%}\n  c", "{% if yes +%}\n  b{% endif %}",
    "a {# gone #} b\n{# gone -#}  \n c {#- gone #} d\n  {# alone #}\nend\n\n", "{{- ' a ' -}}  b {{ 'c' -}}\n\n d {{- 1 }}", "{% raw %}{{ x }} {% if %}\n{% endraw %}\nb",
    "a\n  {%- raw -%}  {{ y }}  {%- endraw -%}\n b", "\n\n a\n{% set x = 1 %}\n\n{{ x }}\n", "{% for i in [1, 2] %}\n{{ i }}\n{% endfor %}\nend", "x\r\ny\rz\n",
    "{{ '}}' }}{{ '%}' }}{{ {'a': {'b': 1}} }}", "a\n\t {% if 1 %}b{% endif %}\nc {% if 1 %}\nd{% endif %}", "{{ {} }}{{ { 'x' : 1 }['x'] }}", "a{#- x -#} b{# y +#}\nc",
    # Conditions.
    "{% if missing %}1{% elif empty %}2{% elif number > 5 %}3{% else %}4{% endif %}", "{% if not missing and (yes or nothing) %}1{% else %}2{% endif %}",
    "{{ 'a' if yes }}{{ 'b' if nothing }}{{ 'c' if nothing else 'd' if empty else 'e' }}", "{{ missing or 'x' }} {{ 'x' and 0 }} {{ '' or [] or 'last' }} {{ not 0 }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ [1] == (1,) }} {{ none == missing }}",
    "{{ 'a' in 'cab' }} {{ 'z' not in list }} {{ 'z' in dict }} {{ 1 in [1.0] }} {{ 'x' in missing }} {{ '' in '' }}", "{{ 1 if not (2 in [3]) else 0 }} {{ not 2 in [3] }}",
    "{{ {'a': 1} == {'a': 1.0} }} {{ [1, [2]] == [1, [2]] }} {{ 'a' != 'b' }} {{ 3 >= 3 }} {{ missing == other }} {{ missing != none }}",
    "{% if nothing %}{{ text | from_json }}{% else %}b{% endif %}", "{% if yes %}{{ text | from_json }}{% endif %}",
    "{% if nothing %}{% for a in list %}{{ a | from_json }}{% endfor %}{% endif %}",
    # Arithmetic.
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}",
    "{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ 'a' * 3 }} {{ 2 * 'ab' }} {{ [1] * 2 + [2] }} {{ (1,) + (2,) }} {{ true + 1 }} {{ - number }} {{ +negative }}",
    "{{ 'a' ~ 1 ~ none ~ missing ~ 1.0 ~ [1] }} {{ 'a' + 'b' ~ 'c' * 2 }}",
    "{{ 'n: %s, %d, %5.2f|%-5s|%05d|%r|%x%%' % ('a', 3, 2.5, 'b', 42, 'q', 255) }} {{ '%s' % 'one' }} {{ '%s and %s' | format('x', 2) }}",
    "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 'a' + 1 }}", "{{ none + 'a' }}", "{{ missing + 'a' }}", "{{ 'a' < 1 }}", "{{ -'a' }}", "{{ 5 in 'abc' }}", "{{ 1 in 5 }}",
    # Places, slices.
    "{{ list[0] }}{{ list[-1] }}{{ list[9] }}{{ text[2] }}{{ text[-2] }}{{ cjk[1] }}{{ cjk[-1] }}", "{{ list[1:] }}{{ list[:-1] }}{{ list[::-1] }}{{ list[::2] }}{{ list[5:] }}{{ list[-3:-1] }}",
    "{{ cjk[1:3] }}|{{ cjk[::-1] }}|{{ cjk[-2:] }}|{{ cjk[::3] }}|{{ word[4:] }}|{{ word[3:1] }}|{{ word[-100:2] }}|{{ word[:100] }}|{{ list[3:0:-1] }}",
    "{{ dict['z'] }}{{ dict.a }}{{ dict['none'] }}{{ nested['items'] }}{{ nested['get'] }}{{ nested.get('a') }}",
    "{{ missing.attribute }}", "{{ missing['x'] }}", "{{ dict.none.more }}", "{{ none.x }}|{{ 5 .x }}|{{ 'a'.nope }}", "{{ dict[1:] }}", "{{ 'a'.nope() }}", "{{ missing() }}", "{{ dict.append }}",
    "{{ list.append(1) }}", "{{ dict.pop('a') }}", "{{ dict.update({}) }}", "{{ list.append is defined }}", "{{ dict.__class__ }}", "{{ ''.__class__.__mro__ }}",
    # set, namespace, with, scopes.
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "{% set a, b = 1, 'two' %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c + d }}",
    "{% set ns = namespace(x=1, y='a') %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}{% set ns.z = [ns.x] %}{{ ns.z }}{{ ns }}",
    "{% set x %}a {{ number }} b{% endset %}[{{ x }}]{% set y | upper | trim %} c {% endset %}[{{ y }}]", "{% if yes %}{% set x = 1 %}{% endif %}{{ x }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}", "{% set x.y = 1 %}", "{% set a, b = [1] %}", "{% set loop_x = 1 %}{% for i in [] %}{% else %}{% set loop_x = 2 %}{{ loop_x }}{% endfor %}{{ loop_x }}",
    # for.
    "{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ x }} {% endfor %}",
    "{% for x in list %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {{ loop.cycle('odd', 'even') }} {{ loop.depth }} {{ loop.changed(x | lower) }};{% endfor %}",
    "{% for k, v in dict.items() %}{{ k }}={{ v }};{% endfor %}{% for k in dict %}{{ k }}{% endfor %}{% for c in word %}{{ c }}.{% endfor %}{% for x in missing %}{% else %}none{% endfor %}",
    "{% for x in numbers if x > 1 %}{{ loop.index }}{{ x }}/{{ loop.length }} {% else %}none{% endfor %}{% for x in numbers if x > 9 %}{% else %}none{% endfor %}",
    "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% else %}never{% endfor %}",
    "{% for x in range(3) %}{% for y in range(x) %}{{ loop.index }}{{ x }}{{ y }} {% endfor %}{% endfor %}", "{{ range(3) | list }}{{ range(1, 7, 2) | list }}{{ range(3, 0, -1) | list }}{{ range(2)[1] }}",
    "{% for x in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ loop.depth }}{{ x.v }}{{ loop(x.c) }}{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{{ range(1000000) }}", "{% for x in [1] %}{{ x }}{% set x = 2 %}{{ x }}{% endfor %}",
    "{% for x in list | reverse %}{{ x }}{% endfor %}{% for x in people | map(attribute='name') %}{{ loop.index }}{{ x }}{{ loop.last }}{% endfor %}",
    # Macros, calls, filter blocks.
    "{% macro f(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(c=1, a=0) }}{{ f() }}", "{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, a=3) }}{{ f(*[4, 5], **{'b': 6}) }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}",
    "{% macro f(t) %}<{{ t }}>{{ caller(1) }}</{{ t }}>{% endmacro %}{% call(n) f('p') %}in {{ n }}{{ number }}{% endcall %}", "{% macro f() %}{{ x }}{% endmacro %}{% set x = 5 %}{{ f() }}{% set y = f() ~ f() %}{{ y | length }}",
    "{% filter upper %}a{{ word }}{% endfilter %}{% filter replace('a', 'b') | trim %} banana {% endfilter %}", "{% macro f(a=number, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f() }}{{ f(1) }}",
    "{% macro f() %}{% set x = 9 %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}{{ x }}", "{% generation %}a{{ number }}{% set q = 1 %}{% endgeneration %}{{ q }}",
    # Filters.
    "[{{ text | trim }}][{{ 'xxaxx' | trim('x') }}][{{ word | upper }}][{{ 'ÄÖ' | lower }}][{{ 'hello wORLD-foo (bar)' | title }}][{{ 'hELLO' | capitalize }}][{{ 7 | string }}]",
    "{{ list | length }}{{ word | length }}{{ cjk | count }}{{ dict | length }}{{ missing | length }}", "{{ none | length }}", "{{ 5 | length }}",
    "{{ list | join }}{{ list | join(', ') }}{{ numbers | join('-') }}{{ missing | join }}{{ 'abc' | join('.') }}", "{{ missing | default('d') }}{{ empty | default('d') }}{{ empty | default('d', true) }}{{ nothing | d('n', boolean=true) }}{{ missing | default }}",
    "{{ list | first }}{{ list | last }}{{ [] | first }}{{ word | first }}{{ word | last }}{{ dict | first }}", "{{ 'a-b-c' | replace('-', '+') }}{{ 'aaa' | replace('a', 'b', 2) }}{{ 5 | replace('5', 'x') }}{{ 'ab' | replace('', '.') }}",
    "{{ list | sort }}{{ list | sort(reverse=true) }}{{ list | sort(case_sensitive=true) }}{{ people | sort(attribute='age,name') | map(attribute='name') | list }}{{ [3, 'a'] | sort }}",
    "{{ dict | dictsort }}{{ {'b': 1, 'a': 2} | dictsort(by='value') }}{{ {'b': 1, 'A': 2} | dictsort(true) }}{{ {'b': 1, 'a': 2} | dictsort(reverse=true) }}",
    "{{ numbers | min }}{{ numbers | max }}{{ numbers | sum }}{{ people | sum(attribute='age') }}{{ [] | sum }}{{ list | max }}{{ [] | min }}", "{{ numbers | unique | list }}{{ list | unique | list }}",
    "{{ people | map(attribute='name') | list }}{{ people | map(attribute='likes', default='-') | list }}{{ list | map('upper') | join }}{{ [' a '] | map('trim') | list }}{{ people | map(attribute='likes.0') | list }}",
    "{{ numbers | select('odd') | list }}{{ numbers | reject('equalto', 3) | list }}{{ [0, 1, ''] | select | list }}{{ people | selectattr('likes') | list | length }}",
    "{{ people | selectattr('age', 'gt', 5) | map(attribute='name') | list }}{{ people | rejectattr('likes', 'defined') | list }}{{ people | selectattr('name', 'in', ['al']) | list }}",
    "{% if people | selectattr('age', 'equalto', 99) %}always{% endif %}{{ (numbers | select('gt', 99)) is iterable }}", "{{ numbers | select('odd') | length }}", "{{ numbers | map('string') | last }}",
    "{{ numbers | batch(2) | list }}{{ numbers | batch(3, 0) | list }}{{ numbers | slice(3) | list }}{{ list | reverse | list }}{{ word | reverse }}{{ dict | list }}{{ word | list }}",
    "{{ '3' | int }}{{ ' 42 ' | int }}{{ 'x' | int }}{{ 'x' | int(5) }}{{ '4.7' | int }}{{ 4.7 | int }}{{ none | int }}{{ true | int }}{{ '1_0' | int }}", "{{ '2.5' | float }}{{ 'x' | float }}{{ 3 | float }}{{ 'x' | float(1.5) }}{{ '1e3' | float }}",
    "{{ missing | int }}", "{{ 2.5 | round }}{{ 3.5 | round }}{{ 2.675 | round(2) }}{{ 42.55 | round(1, 'floor') }}{{ 42.1 | round(method='ceil') }}{{ 5 | round }}{{ -3 | abs }}{{ -2.5 | abs }}",
    "{{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent(2, blank=true) }}|{{ lines | indent('> ') }}|{{ '' | indent }}", "{{ dict | items | list }}{{ missing | items | list }}", "{{ 5 | items | list }}",
    "{{ dict | tojson }}|{{ html | tojson }}|{{ cjk | tojson }}|{{ quotes | tojson }}|{{ [1.0, 1e20, true, none, []] | tojson }}|{{ {} | tojson }}|{{ '\\x01\\x7f\\b\\f' | tojson }}",
    "{{ dict | tojson(indent=2) }}|{{ nested | tojson(indent=4) }}|{{ [[], {}, [1]] | tojson(indent=1) }}|{{ dict | tojson(sort_keys=true) }}|{{ dict | tojson(separators=(',', ':')) }}|{{ dict | tojson(indent='\\t') }}|{{ [1, [2]] | tojson(indent=0) }}",
    "{{ cjk | tojson(ensure_ascii=true) }}|{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}|{{ (1, 2) | tojson }}", "{{ missing | tojson }}", "{{ namespace() | tojson }}", "{{ (numbers | map('string')) | tojson }}",
    "{{ html | safe }}{{ html | e }}{{ html | escape | safe }}{{ (html | e) + html }}{{ html | safe | upper }}{{ (html | safe) ~ html }}{{ (html | e) == html }}{{ (html | safe)[1:3] + '<' }}", "{{ html | forceescape }}{{ 5 | safe }}{{ 5 | string | safe | length }}",
    "{{ 'ab' | center(6) }}|{{ 'abc' | center(6) }}|{{ '%s' | format('a') }}|{{ missing | upper }}|{{ missing | trim }}|{{ missing | replace('a', 'b') }}|{{ none | upper }}|{{ [1, 'a'] | string }}",
    # Tests.
    "{{ missing is defined }}{{ text is defined }}{{ missing is undefined }}{{ nothing is none }}{{ nothing is not none }}{{ dict.nope is defined }}{{ none is undefined }}",
    "{{ text is string }}{{ 1 is number }}{{ true is number }}{{ 1.0 is float }}{{ 1 is integer }}{{ true is integer }}{{ true is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}",
    "{{ dict is mapping }}{{ list is mapping }}{{ list is iterable }}{{ text is iterable }}{{ 5 is iterable }}{{ missing is iterable }}{{ list is sequence }}{{ text is sequence }}{{ dict is sequence }}{{ dict.keys() is sequence }}{{ 5 is sequence }}",
    "{{ 3 is odd }}{{ 3 is even }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(2) }}{{ 'a' is lower }}{{ 'A' is upper }}{{ 'aB' is lower }}{{ 1 is eq 1 }}{{ 1 is equalto(2) }}{{ 1 is ne 2 }}{{ 3 is gt 2 }}{{ 3 is le 2 }}{{ 2 is lessthan 3 }}",
    "{{ 'a' is in list }}{{ 'a' is not in ['b'] }}{{ none is sameas none }}{{ list is sameas list }}{{ range is callable }}{{ 5 is callable }}{{ (html | e) is escaped }}{{ 1 is defined and 2 is defined }}{{ not 1 is defined }}",
    # Methods.
    "{{ '  a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'abcabc'.lstrip('ab') }}|{{ 'ÄaÄ'.strip('Ä') }}|{{ '\\u00a0a\\u2003'.strip() }}",
    "{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ ' a  b c '.split() }}{{ ' a  b c '.split(none, 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a  b c '.rsplit(none, 1) }}{{ ''.split() }}{{ ''.split(',') }}{{ 'abc'.split('') }}",
    "{{ 'a b c'.split(maxsplit=1) }}{{ 'a-b-c'.partition('-') }}{{ 'a-b-c'.rpartition('-') }}{{ 'abc'.partition('x') }}{{ 'a\\nb\\r\\nc\\n\\nd'.splitlines() }}{{ 'a\\nb'.splitlines(true) }}",
    "{{ word.startswith('str') }}{{ word.endswith(('x', 'e')) }}{{ word.startswith('a', 3) }}{{ 'abc'.startswith('b', 1, 2) }}{{ word.find('ß') }}{{ word.find('x') }}{{ 'abab'.rfind('b') }}{{ 'abab'.find('b', 2) }}{{ 'abab'.index('b') }}{{ 'a'.index('x') }}",
    "{{ 'abab'.count('ab') }}{{ 'aaa'.count('') }}{{ 'a.b'.replace('.', '-') }}{{ 'aaa'.replace('a', 'b', 1) }}{{ 'ab'.replace('', '-') }}{{ ', '.join(list) }}{{ '-'.join('abc') }}{{ ''.join([]) }}{{ ','.join([1]) }}",
    "{{ 'Hello World'.lower() }}{{ word.upper() }}{{ 'hello world-foo'.title() }}{{ 'hELLO wORLD'.capitalize() }}{{ 'aB'.swapcase() }}{{ 'ÀÉ'.lower() }}{{ 'àéж'.upper() }}",
    "{{ 'abc'.isalpha() }}{{ '12'.isdigit() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ ''.isspace() }}{{ 'Ab'.islower() }}{{ 'AB1'.isupper() }}{{ 'Ab Cd'.istitle() }}{{ 'a_1'.isidentifier() }}{{ 'é'.isascii() }}{{ ''.isalpha() }}{{ '1a'.isnumeric() }}",
    "{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '.') }}|{{ 'ab'.center(5, '*') }}|{{ 'abc'.center(6) }}|{{ '-42'.zfill(6) }}|{{ 'a\\tb'.expandtabs(4) }}|{{ 'prefix'.removeprefix('pre') }}|{{ 'a.txt'.removesuffix('.txt') }}",
    "{{ '{} and {}'.format(1, 'b') }}{{ '{0}{1}{0}'.format('a', 2) }}{{ '{x}-{y}'.format(x=1, y=2) }}{{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}|{:+d}|{:x}'.format('a', 'b', 'c', 42, 3.14159, 1234567, 5, 255) }}{{ '{{}}'.format() }}{{ '{!r}'.format('a') }}",
    "{{ '{}'.format() }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % ('a',) }}", "{{ dict.get('z') }}{{ dict.get('nope') }}{{ dict.get('nope', 'd') }}{{ dict.keys() | list }}{{ dict.values() | list }}{{ dict.items() | list }}{{ dict.items() | length }}",
    "{{ dict.items() }}{{ dict.keys() }}{{ dict.values() }}", "{{ dict.copy() == dict }}{{ numbers.index(2) }}{{ numbers.count(3) }}{{ (1, 2).index(2) }}{{ dict.keys()[0] is defined }}",
    # Functions and errors.
    "{{ raise_exception('no ' ~ number) }}", "{{ strftime_now('%Y-%m-%d %H:%M:%S %a %A %b %B %j %y %p %I %%') }}", "{{ strftime_now('') }}|", "{% if false %}{{ raise_exception('x') }}{% endif %}ok",
    "{{ bos_token }}{{ eos_token }}{{ messages | length }}{{ tools }}{{ documents }}{{ add_generation_prompt }}", "{{ messages[0].content }}{{ messages[0]['role'] }}{{ messages[-1].missing is defined }}",
    # What jinja2 refuses to parse.
    "{% if %}{% endif %}", "{% for x in %}{% endfor %}", "{{ 1 + }}", "{% if 1 %}", "{% endif %}", "{{ 'abc }}", "{{ (1 }}", "{% set 1 = 2 %}", "{% unknown %}", "{{ x | nofilter }}", "{{ x is notest }}", "{% raw %}a", "{# open",
    "{{ a.b. }}", "{{ 1 is odd is even }}", "{% break %}", "{{ f(a=1, 2) }}", "{% macro f(a=1, b) %}{% endmacro %}", "{{ }}", "{% set none = 1 %}", "{{ a b }}", "{{ [1, 2 }}",
]
