package io.ltri.inference.http;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Locale;
import org.apache.catalina.connector.ClientAbortException;
import org.apache.coyote.BadRequestException;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Bodies of requests that are JSON. */
@Component
final class Bodies {
  /** The code of an error: the connection broke, or its bytes are no HTTP or come too slowly. */
  static final String INCOMPLETE = "incomplete_body";

  private final JsonMapper mapper;
  private final HttpLimits limits;

  Bodies(JsonMapper mapper, HttpLimits limits) {
    this.mapper = mapper;
    this.limits = limits;
  }

  static boolean isJson(HttpServletRequest request) {
    return mediaType(request.getContentType()).equals("application/json");
  }

  static String mediaType(@Nullable String contentType) {
    String type = contentType == null ? "" : contentType;
    int parameters = type.indexOf(';');
    return (parameters < 0 ? type : type.substring(0, parameters)).strip().toLowerCase(Locale.ROOT);
  }

  /** An object; without a body, one without fields. */
  Fields optional(HttpServletRequest request) {
    return request.getContentLengthLong() == 0
            || (request.getContentLengthLong() < 0
                && request.getHeader("transfer-encoding") == null)
        ? new Fields(mapper.createObjectNode(), "")
        : read(request);
  }

  /**
   * @throws ApiException if there is no body, it is too long, or no JSON object
   */
  Fields read(HttpServletRequest request) {
    // A web page of somebody else can make a browser send forms and plain text, but not this.
    if (!isJson(request)) {
      throw new ApiException(
          415,
          "unsupported_media_type",
          null,
          "The content type is '"
              + mediaType(request.getContentType())
              + "': send JSON with the header 'content-type: application/json'.");
    }
    byte[] body;
    try {
      if (request.getContentLengthLong() > limits.maxBodyBytes()) {
        throw tooLong(limits.maxBodyBytes());
      }
      body = request.getInputStream().readNBytes(Math.toIntExact(limits.maxBodyBytes()) + 1);
    } catch (IOException e) {
      throw new ApiException(
          400, INCOMPLETE, null, "The body did not come whole: " + e.getMessage());
    }
    if (body.length > limits.maxBodyBytes()) {
      throw tooLong(limits.maxBodyBytes());
    }
    try {
      return Fields.of(mapper.readTree(body));
    } catch (JacksonException e) {
      throw new ApiException(
          400,
          "invalid_json",
          null,
          "The body is no JSON: "
              + e.getOriginalMessage()
              + (e.getLocation() == null
                  ? ""
                  : " (line "
                      + e.getLocation().getLineNr()
                      + ", column "
                      + e.getLocation().getColumnNr()
                      + ")"));
    }
  }

  /** Whether the connection broke, the client sent too slowly, or its bytes are no HTTP. */
  static boolean isBroken(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ClientAbortException || cause instanceof BadRequestException) {
        return true;
      }
    }
    return false;
  }

  static ApiException tooLong(long mostBytes) {
    return new ApiException(
        413,
        "request_too_large",
        null,
        "The body is longer than the "
            + mostBytes
            + " bytes that are taken in: send a long text as a file to /v1/documents and name the document, or raise the limit.");
  }
}
