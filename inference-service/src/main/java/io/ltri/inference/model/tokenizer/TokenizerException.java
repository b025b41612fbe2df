package io.ltri.inference.model.tokenizer;

/** A tokenizer definition that is damaged or not supported. The message names file and field. */
public final class TokenizerException extends RuntimeException {

  private static final long serialVersionUID = 1;

  TokenizerException(String message) {
    super(message);
  }

  TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
