package io.ltri.inference.model.template;

import io.ltri.fuzzing.Fuzzed;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A chat template: parsed, and a conversation rendered with it. */
final class ChatTemplateFuzz implements Fuzzed {

  private static final List<Message> CONVERSATION =
      List.of(
          new Message("system", "Be brief.\n"),
          new Message("user", "Who kept the lamp?"),
          new Message("assistant", "<think>\nHm.\n</think>\n\n Ann."),
          new Message("user", "And \ud83d\ude00 why?"));
  private static final Map<String, Object> VARIABLES =
      Map.of("bos_token", "<s>", "eos_token", "</s>", "n", 3L, "x", 0.5, "date_string", "today");

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (String name :
        List.of(
            "chatml", "llama2", "llama3", "llama3.1", "llama3.2", "qwen2.5", "qwen3", "smollm2")) {
      seeds.add(bytes(TemplateResources.text("templates/" + name + ".jinja")));
    }
    TemplateResources.json("snippets.json")
        .path("snippets")
        .forEach(snippet -> seeds.add(bytes(snippet.path("source").asString(""))));
    return seeds;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public List<String> words() {
    List<String> words =
        new ArrayList<>(
            List.of(
                "{% for m in messages %}",
                "{% endfor %}",
                "{% if loop.first %}",
                "{% endif %}",
                "{% set ns = namespace(a=1) %}",
                "{% set ns.a = ns.a * 2 %}",
                "{% set x = x + x %}",
                "{% macro f(a, b=2) %}",
                "{% endmacro %}",
                "{{ f(1) }}",
                "{% break %}",
                "{%- ",
                " -%}",
                "{{ ",
                " }}",
                "{#",
                "#}",
                "range(1000000)",
                "messages[::-1]",
                "[::-1]",
                " * 99999999999",
                "**",
                "//",
                " ~ ",
                " is defined",
                " in ",
                " not in ",
                " if 1 else ",
                ".split('')",
                ".replace('', 'aaaa')",
                ".items()",
                "|tojson(indent=16)",
                "'''",
                "raise_exception('no')",
                "strftime_now('%Y')",
                "[x, x]",
                "{'a': x}",
                "((((",
                "9223372036854775807",
                "-9223372036854775808",
                "{% generation %}",
                "{% raw %}",
                "{% endraw %}",
                "{% set x %}",
                "{% endset %}"));
    Filters.NAMES.forEach(name -> words.add("|" + name));
    Predicates.NAMES.forEach(name -> words.add(" is " + name));
    return words;
  }

  @Override
  public void read(byte[] input) {
    try {
      ChatTemplate template = ChatTemplate.parse(new String(input, StandardCharsets.UTF_8));
      String unused = template.render(CONVERSATION, true, VARIABLES, TemplateResources.CLOCK);
    } catch (TemplateException refused) {
      // As it should be.
    }
  }
}
