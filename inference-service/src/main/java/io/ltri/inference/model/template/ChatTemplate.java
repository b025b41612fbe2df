package io.ltri.inference.model.template;

import io.ltri.inference.model.template.Syntax.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template in the part of Jinja that published models use, rendered as Hugging Face's {@code
 * apply_chat_template} renders it. What is not supported is refused by name and line: statements,
 * filters and tests when the template is parsed, the rest when it is reached.
 *
 * <p>Immutable; any number of threads may render at once. Templates come with model files, hence
 * from strangers: they see nothing but the variables given, and their depth and work are limited.
 */
public final class ChatTemplate {

  private final List<Statement> statements;
  private final String source;

  private ChatTemplate(List<Statement> statements, String source) {
    this.statements = statements;
    this.source = source;
  }

  /**
   * @param source as in {@code tokenizer_config.json}, {@code chat_template.jinja} or the GGUF
   *     metadata
   * @throws TemplateException not a template, or with unsupported constructs
   */
  public static ChatTemplate parse(String source) {
    try {
      return new ChatTemplate(Parser.parse(source), source);
    } catch (StackOverflowError e) {
      throw new TemplateException("chat template: nested too deeply");
    }
  }

  /** The text it was parsed from. */
  public String source() {
    return source;
  }

  /**
   * Renders a conversation.
   *
   * @param addGenerationPrompt end with what stands before an answer of the model
   * @param variables what else the template may ask for: {@code bos_token}, {@code eos_token},
   *     {@code date_string}, {@code enable_thinking}, ...; strings, booleans, longs, doubles, lists
   *     and maps of them
   * @throws ConversationRefusedException the template refuses the conversation
   * @throws TemplateException the template fails
   */
  public String render(
      List<Message> messages,
      boolean addGenerationPrompt,
      Map<String, ? extends @Nullable Object> variables) {
    return render(messages, addGenerationPrompt, variables, Clock.systemDefaultZone());
  }

  /**
   * As above.
   *
   * @param clock what {@code strftime_now} reads
   */
  public String render(
      List<Message> messages,
      boolean addGenerationPrompt,
      Map<String, ? extends @Nullable Object> variables,
      Clock clock) {
    List<Object> conversation = new ArrayList<>();
    for (Message message : messages) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("role", message.role());
      fields.put("content", message.content());
      conversation.add(fields);
    }
    Map<String, @Nullable Object> all = new HashMap<>();
    all.put("tools", null);
    all.put("documents", null);
    all.putAll(variables);
    all.put("messages", conversation);
    all.put("add_generation_prompt", addGenerationPrompt);
    return render(all, clock);
  }

  private static long characters(@Nullable Object value) {
    return switch (value) {
      case String text -> text.length();
      case List<?> list -> list.stream().mapToLong(ChatTemplate::characters).sum();
      case Map<?, ?> map ->
          characters(List.copyOf(map.keySet()))
              + map.values().stream().mapToLong(ChatTemplate::characters).sum();
      case null, default -> 1;
    };
  }

  /** Renders with exactly these variables. */
  String render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
    try {
      return new Work(characters(variables))
          .during(() -> Renderer.render(statements, variables, clock));
    } catch (StackOverflowError e) {
      throw new TemplateException("chat template: nested too deeply");
    }
  }
}
