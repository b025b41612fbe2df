"""Golden files of the chat template tests, rendered by transformers' apply_chat_template.

    python src/test/python/make_template_goldens.py

writes src/test/resources/template/goldens.json (whole conversations) and snippets.json (one
construct each). Needs the packages transformers (made with 5.23.0), jinja2 and tokenizers.
"""

import datetime
import json
from pathlib import Path

import transformers.utils.chat_template_utils as chat_templates
from jinja2.exceptions import TemplateError
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).parent.parent / "resources" / "template"


class Noon(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 9, 14, 5, 6)


chat_templates.datetime = Noon

S, U, A = "system", "user", "assistant"
CONVERSATIONS = {
    "question": [(U, "What is the capital of France?")],
    "system": [(S, "You answer in one word."), (U, "Capital of France?")],
    "turns": [(U, "Hi"), (A, "Hello! How can I help?"), (U, "Tell me a joke."), (A, "No."), (U, "Why?")],
    "system and turns": [(S, "Be brief.\nBe kind."), (U, "Hi"), (A, "Hello."), (U, "Bye")],
    "answered": [(U, "Hi"), (A, "Hello.")],
    "unicode": [(S, "Sei höflich: 你好 🙂"), (U, "Grüße, мир, 世界 👩‍👩‍👧 𝒜\u00a0?")],
    "quotes": [(U, "He said \"it's\" {{ not }} {% a tag %} \\n \\ </s> <|im_end|> & <b>")],
    "white space": [(S, "  padded \n"), (U, "\n  question with space  \n\n"), (A, " \tanswer\t "), (U, "  ")],
    "thinking": [(U, "2+2?"), (A, "<think>\neasy\n</think>\n\n4"), (U, "sure?"), (A, "<think>\nyes\n</think>\n\nSure.")],
    "two users": [(U, "One"), (U, "Two")],
    "late system": [(U, "One"), (S, "Now in French."), (U, "Two")],
    "empty": [(U, "")],
}
TOKENS = {
    "llama2": ("<s>", "</s>"),
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
    "smollm2": ("<|im_start|>", "<|im_end|>"),
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather \"now\" in Zürich & <more>\n",
            "parameters": {"type": "object", "properties": {"days": {"type": "integer", "max": 2.5, "f": 1e-7}}, "required": [], "x": {}},
            "strict": True,
            "note": None,
        },
    }
]

MESSAGES = [
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": "Grüße 👩 it's \"q\""},
    {"role": "assistant", "content": "Hello", "tags": ["a", "b"], "calls": [{"name": "f", "arguments": {"x": 1}}]},
]

SNIPPETS = [
    # White space
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%- if true -%}\n  b\n  {%- endif -%}\nc\n\n",
    "a\n  {%+ if true +%}\n  b\n  {%+ endif %}\nc",
    "a\n   {# note #}\n b {# note -#}\n  c\n  {#- note #} d",
    "  {{ 'x' }}  \n  {{- 'y' -}}  \n z\n",
    "{% if true %} x{% endif %} \n\t{% if true %}\n\ty {% endif %}\n",
    "x {% if true %}\n{% endif %}\n\n y",
    "{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\nend",
    "\r\n{% if true %}\r\na\r\n{% endif %}\r\nb",
    "{% if true %}  {% if true %}\n x{% endif %}{% endif %}",
    "{%if true%}a{%endif%}{{'b'}}{#c#}d",
    # Loops
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }} {% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role }} {% endfor %}{% for m in messages[1:] %}{{ m['role'] }}{% endfor %}",
    "{% for m in messages if m.role != 'user' %}{{ loop.index }}{{ m.role }}{% else %}none{% endfor %}",
    "{% for x in [] %}a{% else %}none{% endfor %}{% for x in nothing %}a{% else %}none{% endfor %}",
    "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in {'a': 1}|items %}{{ k }}{{ v }}{% endfor %}",
    "{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}{% for c in 'Zü👩' %}{{ c }}.{% endfor %}",
    "{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for m in messages %}{{ loop.previtem.role if loop.previtem is defined else '-' }}>{{ loop.nextitem.role if not loop.last }} {% endfor %}",
    "{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }} {% endfor %}{% for (a, b) in [(1, 2)] %}{{ a }}{% endfor %}",
    # Names
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=1, y='a') %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z is defined }}",
    "{% set x %}  a {{ 1 }}\n{% endset %}[{{ x }}]{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% if true %}{% set x = 3 %}{% endif %}{{ x }}{{ y }}{{ y is defined }}{{ x is defined and not y is defined }}",
    "{% set messages = messages[1:] %}{{ messages | length }}{{ messages[0].role }}",
    "{% macro f(a, b='z') %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ f(1) }}{{ f(1, 2) }}{{ f(b=3, a=4) }}{{ f() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    # Expressions
    "{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2.50 }} {{ 1e0 if false else 0.1 + 0.2 }}",
    "{{ 'a' + 'b' ~ 1 ~ none ~ true ~ 1.0 }} {{ 'ab' * 2 }} {{ [1] + [2] }}",
    "{{ 1 < 2 }} {{ 1 < 2 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ 1 != 2 }} {{ none == none }} {{ [1, 'a'] == [1, 'a'] }}",
    "{{ 'a' in 'cat' }} {{ 'x' not in ['y'] }} {{ 'role' in messages[0] }} {{ 'x' in nothing }} {{ 1 in [1.0] }}",
    "{{ not true or true }} {{ not (true or true) }} {{ '' or 'b' }} {{ 0 and 1 }} {{ 'a' and 'b' }} {{ not 'a' == 'b' }}",
    "{{ 'y' if messages else 'n' }} {{ 'y' if nothing }} {{ 1 if false else 2 if false else 3 }}",
    "{{ messages[0].role[0] }}{{ messages[-1].role }}{{ 'Zü👩x'[2] }}{{ 'Zü👩x'[1:3] }}{{ 'abcdef'[::2] }}{{ 'abc'[::-1] }}{{ 'abc'[-2:] }}{{ 'abc'[:-1] }}{{ [1,2,3][5:] }}",
    "{{ messages[0]['nothing'] }}{{ messages[9] }}{{ messages[0].nothing is defined }}{{ none.x is defined }}",
    "{{ 'a' 'b' }} {{ 'tab\\there \\u00e9 \\x41 \\' \\\" \\\\ \\q' }} {{ \"it's\" }}",
    "{{ (1, 2) | length }} {{ [1, 2,] | length }} {{ {'a': {'b': 2}}.a.b }} {{ {'a': 1}['a'] }} {{ [] | length }}",
    "{{ messages[1].content.split(' ')[0] }} {{ 'a,b,,c'.split(',') | join('|') }} {{ ' a  b '.split() | join('|') }} {{ 'a,b,c'.split(',', 1) | join('|') }} {{ 'a,b,c'.rsplit(',', 1) | join('|') }}",
    "[{{ '  a '.strip() }}] [{{ '  a '.lstrip() }}] [{{ '  a '.rstrip() }}] [{{ 'xxaxx'.strip('x') }}] [{{ '\\n\\na\\n'.strip('\\n') }}] [{{ '\\u00a0a\\u3000'.strip() }}] [{{ 'abba'.lstrip('ab') }}]",
    "{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'aXa'.replace('a', 'bb') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'aB'.upper() }} {{ 'aB'.lower() }} {{ 'one two'.title() }} {{ 'abc'.find('c') }} {{ 'a-b'.count('-') }}",
    "{{ messages[2].get('tags') | join(', ') }} {{ messages[0].get('x', 'preset') }} {{ messages[0].keys() | list | join(',') }} {{ messages[2].calls[0].arguments.x }} {{ {'items': 1}['items'] }}",
    "{{ 'a\\nb\\r\\nc\\n'.splitlines() | join('|') }} {{ ['a', 'b'] | join }} {{ '-'.join(['a', 'b']) }}",
    # Filters
    "[{{ ' a ' | trim }}] {{ 'aB' | upper }} {{ 'aB' | lower }} {{ 'aB c' | capitalize }} {{ 'aB c' | title }} {{ [3, 1] | first }} {{ [3, 1] | last }} {{ 'abc' | length }} {{ [1, 2] | count }}",
    "{{ nothing | default('d') }} {{ '' | default('d') }} {{ '' | default('d', true) }} {{ none | default('d') }} {{ nothing | d }}.",
    "{{ messages | map(attribute='role') | join(', ') }} {{ ['a', 'b'] | map('upper') | join }} {{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join }} {{ messages | rejectattr('role', 'in', ['user', 'system']) | list | length }} {{ messages | selectattr('tags') | list | length }}",
    "{{ ['a', 'b', 'c'] | reject('equalto', 'b') | join }} {{ [1, 0, 2] | select | join(',') }} {{ [1, 2, 3] | select('odd') | join(',') }} {{ [1, 2] | reverse | join(',') }} {{ 'abc' | reverse }} {{ 'abc' | replace('b', 'x') }} {{ '12' | int + 1 }} {{ 'x' | int }} {{ 5 | string + 'a' }}",
    "{{ messages[2] | tojson }}\n{{ messages[2] | tojson(indent=2) }}\n{{ [] | tojson(indent=4) }}{{ {} | tojson }}{{ 'é\"\\\\\\n\\t<&>\\u007f\\u0001👩' | tojson }}{{ [1, 1.5, 1e0 if false else 100.0, true, none] | tojson }}",
    "{{ messages[2].tags }} {{ messages[2].calls }} {{ ['it\\'s', 'a\"b', \"x'y\\\"z\", none, 1.0, true] }} {{ {'a': [1]} }} {{ (1, 2) | list }}",
    "{{ 0.1 }} {{ 100.0 }} {{ 1.5 * 2 }} {{ 10000000000000000.0 }} {{ 0.00001 }} {{ 1 / 3 }} {{ 123456789.125 }} {{ 1000000000000000.0 }} {{ 2.0 * 5000000000000000000000.0 }}",
    "{{ -5 }} {{ - 5 + 3 }} {{ -messages | length if false else 'x' }} {{ 1 - -1 }} {{ +4 }}",
    "{{ 'a' | upper ~ 'b' }} {{ 'a' + ' b ' | trim }} {{ ('a' + ' b ') | trim }}|",
    # Tests
    "{{ 1 is number }} {{ 1 is string }} {{ 'a' is string }} {{ none is none }} {{ nothing is none }} {{ messages is iterable }} {{ messages is mapping }} {{ messages[0] is mapping }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ messages is sequence }} {{ true is boolean }} {{ 1 is integer }} {{ 1.0 is float }}",
    "{{ 1 is not none }} {{ 3 is odd }} {{ 3 is even }} {{ 4 is divisibleby 2 }} {{ 'a' is in ['a'] }} {{ 'a' is eq 'a' }} {{ 'a' is equalto('b') }} {{ true is true }} {{ false is false }} {{ nothing is undefined }} {{ 'A' is upper }}",
    "{{ enable is defined and enable is false }} {{ raise_exception is defined }} {{ strftime_now is defined }} {{ tools is defined }} {{ tools is none }}",
    # Globals
    "{{ strftime_now('%d %b %Y %H:%M:%S %A %a %B %m %y %j %I %p %%') }}",
    "{% generation %}a{{ 1 }}{% endgeneration %}b",
    # Refused or failing in both
    "{{ raise_exception('no ' ~ 1) }}",
    "{{ nothing.x }}",
    "{{ nothing + 'a' }}",
    "{{ 'a' + 1 }}",
    "{{ 1 < 'a' }}",
    "{{ nothing() }}",
    "{{ none | length }}",
    "{% for x in 5 %}{% endfor %}",
    "{{ 1 // 0 }}",
    "{{ messages | nofilter }}",
    "{{ messages is notest }}",
    "{% if true %}a",
    "{{ 'a }}",
    "{{ [1, 2 }}",
    "{% endif %}",
    "{{ a b }}",
]


def tokenizer(name):
    bos, eos = TOKENS.get(name.split(".")[0], ("<|im_start|>", "<|im_end|>"))
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token=bos, eos_token=eos)


def attempt(row, render):
    try:
        row["rendered"] = render()
    except (TemplateError, TypeError, ZeroDivisionError) as error:
        row["fails"] = f"{type(error).__name__}: {error}"
    return row


def main():
    goldens = []
    for path in sorted((OUT / "templates").glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        renderer = tokenizer(path.stem)
        variants = [(False, {}), (True, {})]
        if path.stem == "qwen3":
            variants.append((True, {"enable_thinking": False}))
        if path.stem == "llama3.1":
            variants.append((True, {"date_string": "1 Jan 2025"}))
        if path.stem.startswith(("llama3.", "qwen")):
            variants.append((True, {"tools": TOOLS}))
        for name, turns in CONVERSATIONS.items():
            for prompt, variables in variants:
                messages = [{"role": role, "content": content} for role, content in turns]
                row = {
                    "template": path.stem,
                    "conversation": name,
                    "messages": turns,
                    "generationPrompt": prompt,
                    "variables": {"bos_token": renderer.bos_token, "eos_token": renderer.eos_token} | variables,
                }
                if not prompt and name not in ("question", "answered", "turns"):
                    continue
                if "tools" in variables and name not in ("question", "system"):
                    continue
                goldens.append(
                    attempt(
                        row,
                        lambda: renderer.apply_chat_template(
                            messages, chat_template=template, tokenize=False, add_generation_prompt=prompt, **variables
                        ),
                    )
                )
    (OUT / "goldens.json").write_text(json.dumps(goldens, indent=0) + "\n", encoding="ascii")

    snippets = []
    for source in SNIPPETS:
        snippets.append(
            attempt(
                {"source": source},
                lambda: chat_templates.render_jinja_template(
                    conversations=[MESSAGES], chat_template=source
                )[0][0],
            )
        )
    written = {"messages": MESSAGES, "snippets": snippets}
    (OUT / "snippets.json").write_text(json.dumps(written, indent=0) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
