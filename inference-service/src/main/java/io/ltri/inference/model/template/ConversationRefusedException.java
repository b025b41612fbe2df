package io.ltri.inference.model.template;

/** The template itself refused the conversation (it called {@code raise_exception}). */
public final class ConversationRefusedException extends TemplateException {

  private static final long serialVersionUID = 1;

  ConversationRefusedException(String message) {
    super("the chat template of this model refuses the conversation: " + message);
  }
}
