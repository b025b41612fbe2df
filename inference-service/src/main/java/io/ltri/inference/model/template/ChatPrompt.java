package io.ltri.inference.model.template;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cuts rendered conversations around a document: the first user message is the document, an empty
 * line, and the question, and only what stands before the document ({@link #documentPrefix}) is
 * read together with it. For every conversation, prefix + document + {@link #afterDocument} is what
 * the template makes of the whole, as long as the template treats the document like any other text;
 * if it strips white space off its beginning, {@link #stripsDocument} says so.
 *
 * @param variables see {@link ChatTemplate#render(List, boolean, Map)}
 * @param clock what the template takes for today: a prompt with a date in it belongs to that day
 */
public record ChatPrompt(
    ChatTemplate template, Map<String, ? extends @Nullable Object> variables, Clock clock) {

  /**
   * Stands for the document: characters that no text holds around letters and signs that would not
   * survive a change of case or an escape.
   */
  private static final String DOCUMENT = "\uFDD0aZ\"\\<&\uFDD1";

  /** Between document and question. */
  public static final String SEPARATOR = "\n\n";

  /** A prompt that tells the time by the system's clock. */
  public ChatPrompt(ChatTemplate template, Map<String, ? extends @Nullable Object> variables) {
    this(template, variables, Clock.systemDefaultZone());
  }

  /**
   * What stands before the document.
   *
   * @param system null for none
   * @throws TemplateException the template has no place for a document, or changes it
   */
  public String documentPrefix(@Nullable String system) {
    return prefix(system, "");
  }

  /**
   * Does the template strip white space off the beginning of the document? Then the document must
   * be read without it, to be what the template would have made of it.
   *
   * @param system null for none
   */
  public boolean stripsDocument(@Nullable String system) {
    String prefix = prefix(system, "");
    String spaced = prefix(system, " \n");
    if (spaced.equals(prefix)) {
      return true;
    }
    if (spaced.equals(prefix + " \n")) {
      return false;
    }
    throw new TemplateException(
        "the chat template changes the beginning of a user message: it cannot hold a document");
  }

  private String prefix(@Nullable String system, String space) {
    List<Message> messages = new ArrayList<>();
    if (system != null) {
      messages.add(new Message("system", system));
    }
    messages.add(new Message("user", space + DOCUMENT + SEPARATOR + "?"));
    String rendered = template.render(messages, true, variables, clock);
    return rendered.substring(0, place(rendered));
  }

  /**
   * What stands after the document, with the prompt for the next answer at the end.
   *
   * @param messages maybe a system message, then a user message with the question about the
   *     document, then the turns that followed, if any; the last is the one to answer
   * @throws TemplateException the prompt before the document would be another one than {@link
   *     #documentPrefix}, or the template changes the text between document and question
   */
  public String afterDocument(List<Message> messages) {
    int first = firstUserMessage(messages);
    List<Message> withDocument = new ArrayList<>(messages);
    Message question = messages.get(first);
    withDocument.set(first, new Message("user", DOCUMENT + SEPARATOR + question.content()));
    String rendered = template.render(withDocument, true, variables, clock);
    int place = place(rendered);
    String system = first == 0 ? null : messages.getFirst().content();
    if (!rendered.substring(0, place).equals(documentPrefix(system))) {
      throw new TemplateException(
          "the chat template writes another beginning for this conversation than for its document:"
              + " read the document as part of the conversation instead");
    }
    String after = rendered.substring(place + DOCUMENT.length());
    if (!after.startsWith(SEPARATOR)) {
      throw new TemplateException(
          question.content().isBlank()
              ? "the question about the document is blank: ask something"
              : "the chat template changes the text between document and question");
    }
    return after;
  }

  private static int firstUserMessage(List<Message> messages) {
    int first = !messages.isEmpty() && messages.getFirst().role().equals("system") ? 1 : 0;
    if (messages.size() <= first || !messages.get(first).role().equals("user")) {
      throw new TemplateException(
          "a conversation about a document begins with a user message, or with a system message and"
              + " a user message");
    }
    return first;
  }

  private static int place(String rendered) {
    int place = rendered.indexOf(DOCUMENT);
    if (place < 0) {
      throw new TemplateException(
          "the chat template changes the text of user messages: it cannot hold a document");
    }
    if (rendered.indexOf(DOCUMENT, place + 1) >= 0) {
      throw new TemplateException(
          "the chat template repeats user messages: it cannot hold a document");
    }
    return place;
  }
}
