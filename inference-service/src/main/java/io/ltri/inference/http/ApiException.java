package io.ltri.inference.http;

import org.jspecify.annotations.Nullable;

/** A request that is refused, in the terms of OpenAI's error object. */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String code;
  private final @Nullable String param;

  /**
   * @param code for programs
   * @param param the field that is meant, or null
   */
  ApiException(int status, String code, @Nullable String param, String message) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }

  static ApiException wrongType(String param, String expected, String got) {
    return new ApiException(
        400,
        "invalid_type",
        param,
        "Invalid type for '"
            + param
            + "': expected "
            + expected
            + ", but got "
            + got
            + " instead.");
  }

  static ApiException wrongValue(String param, String message) {
    return new ApiException(400, "invalid_value", param, message);
  }

  static ApiException missing(String param) {
    return new ApiException(
        400, "missing_required_parameter", param, "Missing required parameter: '" + param + "'.");
  }

  static ApiException unsupported(String param, String message) {
    return new ApiException(400, "unsupported_parameter", param, message);
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  @Nullable String param() {
    return param;
  }
}
