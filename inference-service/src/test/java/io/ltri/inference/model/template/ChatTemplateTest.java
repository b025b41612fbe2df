package io.ltri.inference.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ChatTemplateTest {

  private static final JsonNode GOLDENS = TemplateResources.json("goldens.json");
  private static final JsonNode SNIPPETS = TemplateResources.json("snippets.json");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smollm2",
        "chatml",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "qwen2.5",
        "qwen3"
      })
  void conversationsRenderAsTransformersRendersThem(String name) {
    ChatTemplate template = TemplateResources.template(name);
    int rendered = 0;
    for (JsonNode row : GOLDENS) {
      if (!row.path("template").asString().equals(name)) {
        continue;
      }
      List<Message> messages = TemplateResources.messages(row.path("messages"));
      boolean prompt = row.path("generationPrompt").asBoolean();
      Map<String, @Nullable Object> variables = TemplateResources.variables(row.path("variables"));
      if (row.has("fails")) {
        assertThatThrownBy(
                () -> template.render(messages, prompt, variables, TemplateResources.CLOCK))
            .isInstanceOf(ConversationRefusedException.class)
            .hasMessageContaining(
                row.path("fails").asString().substring("TemplateError: ".length()));
      } else {
        assertThat(template.render(messages, prompt, variables, TemplateResources.CLOCK))
            .as("%s, prompt %s, %s", row.path("conversation"), prompt, variables.keySet())
            .isEqualTo(row.path("rendered").asString());
      }
      rendered++;
    }
    assertThat(rendered).isGreaterThan(10);
  }

  static Stream<JsonNode> snippets() {
    return StreamSupport.stream(SNIPPETS.path("snippets").spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("snippets")
  void constructsRenderAsJinjaRendersThem(JsonNode snippet) {
    String source = snippet.path("source").asString();
    if (snippet.has("fails")) {
      assertThatThrownBy(() -> renderSnippet(source)).isInstanceOf(TemplateException.class);
    } else {
      assertThat(renderSnippet(source)).isEqualTo(snippet.path("rendered").asString());
    }
  }

  private static String renderSnippet(String source) {
    Map<String, @Nullable Object> variables = new HashMap<>();
    variables.put("messages", TemplateResources.value(SNIPPETS.path("messages")));
    variables.put("tools", null);
    variables.put("documents", null);
    variables.put("add_generation_prompt", false);
    return ChatTemplate.parse(source).render(variables, TemplateResources.CLOCK);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'a' %}",
        "{% import 'a' as b %}",
        "{% extends 'a' %}",
        "{% block a %}{% endblock %}",
        "{% call f() %}{% endcall %}",
        "{% filter trim %}{% endfilter %}",
        "{% raw %}{% endraw %}",
        "{% with %}{% endwith %}",
        "{{ x | groupby('a') }}",
        "{{ x is sameas y }}",
        "{% for x in y recursive %}{% endfor %}",
        "{{ f(*x) }}",
        "{{ 2 ** 3 }}",
      })
  void unsupportedConstructsAreRefusedWithTheirLine(String construct) {
    assertThatThrownBy(() -> ChatTemplate.parse("first\n\n" + construct))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("line 3")
        .hasMessageContaining("not supported");
  }

  @Test
  void unsupportedMethodsAndFunctionsAreNamedWhenReached() {
    assertThatThrownBy(() -> renderSnippet("\n{{ messages.append(1) }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("line 2")
        .hasMessageContaining("append");
    assertThatThrownBy(() -> renderSnippet("{{ cycler(1) }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("cycler");
    assertThatThrownBy(() -> renderSnippet("{{ 'a %s' % 'b' }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("%");
  }

  @Test
  void hostileTemplatesEndInAnException() {
    for (String source :
        List.of(
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "{{ 'a' * 1000000000000 }}",
            "{% for i in range(1000000000) %}{% endfor %}",
            "{{ " + "(".repeat(100_000) + " }}",
            "{{ " + "not ".repeat(100_000) + "1 }}",
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{% if 1 %}".repeat(10_000),
            "{{ 1" + " + 1".repeat(100_000) + " }}")) {
      assertThatThrownBy(() -> renderSnippet(source)).isInstanceOf(TemplateException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'ab' * 9223372036854775807 }}",
        "{{ 'ab' * 4611686018427387905 }}",
        "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{% for a in range(1000000) %}{% for b in range(1000000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ {ns.x: 1} }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x={'a': 1}, y={'a': 1}) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}"
            + "{% set ns.y = {'a': ns.y, 'b': ns.y} %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set a = 'x' * 3000000 %}{{ a.replace('x', a) }}",
        "{% set a = 'x' * 3000000 %}{{ a | replace('x', a) }}",
        "{% set a = 'x' * 3000000 %}{{ range(900000) | join(a) }}",
        "{% set a = 'x' * 3000000 %}{% for c in range(100000) %}{{ a[c] }}{% endfor %}",
        "{{ [[[]]] | tojson(indent=99999999999) }}",
        "{{ -(0 - 9223372036854775807 - 1) }}",
      })
  void renderingIsBoundedInTimeAndMemory(String source) {
    assertThatThrownBy(() -> renderSnippet(source)).isInstanceOf(TemplateException.class);
  }

  @Test
  void numbersAtTheEdgesOfWhatTheyCanBeDoWhatTheySay() {
    assertThat(renderSnippet("{{ [1, 2, 3][1::9223372036854775807] }}")).isEqualTo("[2]");
    assertThat(renderSnippet("{{ [1, 2, 3][1::-9223372036854775807] }}")).isEqualTo("[2]");
    assertThat(renderSnippet("{{ range(0, 9223372036854775807, 9223372036854775806) | list }}"))
        .isEqualTo("[0, 9223372036854775806]");
    assertThat(renderSnippet("{{ range(5, 0, -2) | list }}")).isEqualTo("[5, 3, 1]");
    assertThat(renderSnippet("{{ range(0, 5, -2) | list }}")).isEqualTo("[]");
    assertThat(renderSnippet("{{ '' * 9223372036854775807 }}")).isEqualTo("");
  }

  @Test
  void longTextsAreSplitInTimeThatGrowsWithThem() {
    // With the squares of these lengths it would take minutes.
    String source =
        "{% set a = 'x ' * 300000 %}{{ a.split() | length }} {{ a.rsplit(' ') | length }}";
    assertThat(renderSnippet(source)).isEqualTo("300000 300001");
  }

  @Test
  void refusalCarriesTheReasonOfTheTemplate() {
    assertThatThrownBy(
            () ->
                TemplateResources.template("llama2")
                    .render(
                        List.of(new Message("user", "a"), new Message("user", "b")),
                        true,
                        Map.of("bos_token", "<s>", "eos_token", "</s>")))
        .isInstanceOf(ConversationRefusedException.class)
        .hasMessageContaining("Conversation roles must alternate");
  }
}
