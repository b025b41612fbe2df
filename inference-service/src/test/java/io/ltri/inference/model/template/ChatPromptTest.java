package io.ltri.inference.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatPromptTest {

  private static final Map<String, Object> VARIABLES =
      Map.of("bos_token", "<s>", "eos_token", "</s>");

  private static final List<String> DOCUMENTS =
      List.of(
          "A document.",
          "Line one\n\nLine two \"quoted\" <|im_end|> {{ x }}\n",
          "  leading and trailing  \n",
          "\n\n你好 👩‍👩‍👧",
          "x");

  private static ChatPrompt prompt(String name) {
    return new ChatPrompt(TemplateResources.template(name), VARIABLES, TemplateResources.CLOCK);
  }

  private static List<List<Message>> conversations() {
    Message system = new Message("system", "Answer briefly.");
    Message question = new Message("user", "What is it about? ");
    Message answer = new Message("assistant", "<think>\nhm\n</think>\n\nAbout foxes.");
    Message next = new Message("user", "  And dogs?\n");
    return List.of(
        List.of(question),
        List.of(system, question),
        List.of(question, answer, next),
        List.of(system, question, answer, next));
  }

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
  void prefixDocumentAndRestAreTheWholeConversation(String name) {
    ChatPrompt prompt = prompt(name);
    for (List<Message> messages : conversations()) {
      String system =
          messages.getFirst().role().equals("system") ? messages.getFirst().content() : null;
      for (String document : DOCUMENTS) {
        List<Message> whole = new ArrayList<>(messages);
        int first = system == null ? 0 : 1;
        whole.set(first, new Message("user", document + "\n\n" + messages.get(first).content()));
        String read = prompt.stripsDocument(system) ? document.stripLeading() : document;
        assertThat(prompt.documentPrefix(system) + read + prompt.afterDocument(messages))
            .isEqualTo(prompt.template().render(whole, true, VARIABLES, TemplateResources.CLOCK));
      }
    }
  }

  @Test
  void smollm2PromptIsWhatItsTemplateSays() {
    ChatPrompt prompt = prompt("smollm2");
    assertThat(prompt.documentPrefix("Be brief."))
        .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n");
    assertThat(prompt.afterDocument(List.of(new Message("user", "Why?"))))
        .isEqualTo("\n\nWhy?<|im_end|>\n<|im_start|>assistant\n");
    assertThat(prompt.stripsDocument(null)).isFalse();
  }

  @Test
  void templatesThatStripTheDocumentSaySo() {
    assertThat(prompt("llama3").stripsDocument(null)).isTrue();
    assertThat(prompt("llama2").stripsDocument(null)).isTrue();
    assertThat(prompt("llama2").stripsDocument("A system message.")).isFalse();
    assertThat(prompt("qwen3").stripsDocument(null)).isFalse();
  }

  @Test
  void blankQuestionIsRefusedWhereTheTemplateStripsIt() {
    assertThatThrownBy(() -> prompt("llama3").afterDocument(List.of(new Message("user", " "))))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("blank");
    assertThat(prompt("chatml").afterDocument(List.of(new Message("user", ""))))
        .startsWith("\n\n<|im_end|>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{% for m in messages %}{{ m.content | tojson }}{% endfor %}",
        "{% for m in messages %}{{ m.content[:4] }}{% endfor %}",
        "{{ messages[0].content }}{{ messages[0].content }}",
        "nothing of it",
      })
  void templatesThatChangeTheDocumentAreRefused(String source) {
    ChatPrompt prompt = new ChatPrompt(ChatTemplate.parse(source), Map.of());
    assertThatThrownBy(() -> prompt.documentPrefix(null))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("cannot hold a document");
  }

  @Test
  void beginningThatDependsOnLaterMessagesIsRefused() {
    ChatPrompt prompt =
        new ChatPrompt(
            ChatTemplate.parse("{{ messages | length }}: {{ messages[0].content }}"), Map.of());
    assertThat(prompt.documentPrefix(null)).isEqualTo("1: ");
    assertThatThrownBy(
            () ->
                prompt.afterDocument(
                    List.of(
                        new Message("user", "a"),
                        new Message("assistant", "b"),
                        new Message("user", "c"))))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("another beginning");
  }

  @Test
  void conversationsThatDoNotBeginWithAUserMessageAreRefused() {
    for (List<Message> messages :
        List.<List<Message>>of(
            List.of(),
            List.of(new Message("system", "s")),
            List.of(new Message("assistant", "a")))) {
      assertThatThrownBy(() -> prompt("chatml").afterDocument(messages))
          .isInstanceOf(TemplateException.class)
          .hasMessageContaining("user message");
    }
  }

  @Test
  void variablesMayHoldNone() {
    Map<String, @Nullable Object> variables = new java.util.HashMap<>();
    variables.put("bos_token", null);
    assertThat(new ChatPrompt(TemplateResources.template("chatml"), variables).documentPrefix(null))
        .isEqualTo("<|im_start|>user\n");
  }
}
