package io.ltri.inference.engine;

import io.ltri.inference.model.template.ChatTemplate;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Conversations as tokens. The template is rendered with a mark in place of every content, and
 * contents are tokenised as plain text: nothing that a user or a document says can become a control
 * token. A document stands at the beginning of the first user message.
 */
final class ChatPrompts {
  /** Private-use characters, which templates do not contain. */
  private static final Pattern MARK = Pattern.compile("\uE0F0(\\d+)\uE0F1");

  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final Map<String, String> variables;

  /**
   * Some templates write today's date into the prompt. A document would then be another one every
   * day; this is the date that those templates name themselves when they are told none.
   */
  private static final Clock FIXED_DATE =
      Clock.fixed(Instant.parse("2024-07-26T12:00:00Z"), ZoneOffset.UTC);

  ChatPrompts(Tokenizer tokenizer, ChatTemplate template, Map<String, String> variables) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.variables = variables;
  }

  /** The rendered template up to where the first user message's content begins. */
  String documentPrefixText(String system) {
    List<Message> messages = new ArrayList<>();
    if (!system.isEmpty()) {
      messages.add(new Message("system", system));
    }
    messages.add(new Message("user", mark(0)));
    String rendered = template.render(messages, true, variables, FIXED_DATE);
    return rendered.substring(0, indexOf(rendered, 0));
  }

  int[] conversation(List<Message> messages) {
    return tokens(render(messages), 0, messages);
  }

  int[] afterDocument(List<Message> messages) {
    String rendered = render(messages);
    return tokens(rendered, indexOf(rendered, 0), messages);
  }

  private String render(List<Message> messages) {
    List<Message> marked = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      marked.add(new Message(messages.get(i).role(), mark(i)));
    }
    return template.render(marked, true, variables, FIXED_DATE);
  }

  private static String mark(int message) {
    return "\uE0F0" + message + "\uE0F1";
  }

  private static int indexOf(String rendered, int message) {
    int at = rendered.indexOf(mark(message));
    if (at < 0) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "the model's chat template leaves out message " + message + " of the conversation");
    }
    return at;
  }

  private int[] tokens(String rendered, int from, List<Message> messages) {
    TokenBuffer ids = new TokenBuffer();
    Matcher marks = MARK.matcher(rendered);
    int at = from;
    while (marks.find(at)) {
      ids.append(tokenizer.encodeTemplate(rendered.substring(at, marks.start())));
      int message = Integer.parseInt(marks.group(1));
      ids.append(tokenizer.encodeText(messages.get(message).content()));
      at = marks.end();
    }
    ids.append(tokenizer.encodeTemplate(rendered.substring(at)));
    return ids.toArray();
  }
}
