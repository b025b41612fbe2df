package io.ltri.inference.model.template;

/** A chat template that cannot be parsed or rendered. The message names the construct and line. */
public class TemplateException extends RuntimeException {

  private static final long serialVersionUID = 1;

  TemplateException(String message) {
    super(message);
  }

  TemplateException(int line, String message) {
    super("chat template, line " + line + ": " + message);
  }
}
