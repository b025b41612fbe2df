package io.ltri.inference.http;

import io.ltri.inference.access.AccessException;
import io.ltri.inference.engine.RequestException;
import io.ltri.inference.retrieval.IndexException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.connector.ClientAbortException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.multipart.MaxUploadSizeExceededException;
import org.springframework.web.multipart.MultipartException;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The one table from exceptions to HTTP statuses, in OpenAI's error shape. */
@RestControllerAdvice
class ApiErrors {
  private static final Logger log = LoggerFactory.getLogger(ApiErrors.class);

  /** The client closed its connection; nobody reads this. */
  private static final int CLIENT_CLOSED = 499;

  /** Try again later. */
  private static final int BUSY = 429;

  private final JsonMapper mapper;
  private final HttpLimits limits;

  ApiErrors(JsonMapper mapper, HttpLimits limits) {
    this.mapper = mapper;
    this.limits = limits;
  }

  @ExceptionHandler(Exception.class)
  void answer(Exception failure, HttpServletResponse response) throws IOException {
    ApiException error = of(failure);
    if (error.status() == CLIENT_CLOSED) {
      response.setStatus(CLIENT_CLOSED);
      return;
    }
    if (response.isCommitted() && error.code().equals(Bodies.INCOMPLETE)) {
      // The web server has answered by itself that this is no HTTP.
      return;
    }
    if (response.isCommitted()) {
      // Without its end the client sees that the answer is not whole.
      throw new IOException("an answer was cut off: " + error.getMessage(), failure);
    }
    write(response, error);
  }

  void write(HttpServletResponse response, ApiException error) throws IOException {
    response.resetBuffer();
    response.setStatus(error.status());
    response.setContentType("application/json");
    response.setHeader("cache-control", "no-store");
    if (error.status() == BUSY) {
      response.setHeader("retry-after", "1");
    }
    byte[] body = body(error).toString().getBytes(StandardCharsets.UTF_8);
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  ObjectNode body(ApiException error) {
    ObjectNode body = mapper.createObjectNode();
    body.putObject("error")
        .put("message", error.getMessage())
        .put("type", type(error.status()))
        .put("param", error.param())
        .put("code", error.code());
    return body;
  }

  private static String type(int status) {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 429 -> "rate_limit_error";
      default -> status < 500 ? "invalid_request_error" : "server_error";
    };
  }

  ApiException of(Throwable failure) {
    return switch (failure) {
      case ApiException e -> e;
      case RequestException e ->
          switch (e.reason()) {
            case BAD_INPUT -> error(400, "invalid_value", e);
            case TOO_LONG ->
                new ApiException(400, "context_length_exceeded", "messages", message(e));
            case NOT_FOUND -> error(404, "document_not_found", e);
            case INCOMPATIBLE -> error(409, "document_incompatible", e);
            case CANCELLED -> error(CLIENT_CLOSED, "cancelled", e);
            case FULL -> error(507, "storage_full", e);
            case BUSY -> error(BUSY, "server_busy", e);
          };
      case AccessException e ->
          switch (e.reason()) {
            case NO_CREDENTIAL -> error(401, "invalid_api_key", e);
            case NOT_ALLOWED -> error(403, "not_allowed", e);
            case TOO_MANY -> error(429, "rate_limit_exceeded", e);
          };
      case IndexException e -> {
        log.warn("the index failed a request: {}", e.getMessage());
        yield switch (e.reason()) {
          case UNAVAILABLE, ENDED -> error(503, "index_unavailable", e);
          case TOO_LATE -> error(504, "index_too_late", e);
          case NOT_FOUND -> error(404, "document_not_found", e);
          case WRONG_STATE -> error(409, "document_state", e);
          case DAMAGED -> error(500, "document_damaged", e);
          case FULL -> error(507, "storage_full", e);
          case REFUSED -> error(400, "invalid_value", e);
          case INTERNAL -> error(500, "index_error", e);
        };
      }
      // Only writing to the client gives this one.
      case ClientAbortException e -> error(CLIENT_CLOSED, "cancelled", e);
      case UncheckedIOException e when e.getCause() instanceof ClientAbortException ->
          error(CLIENT_CLOSED, "cancelled", e);
      // Of a form whose parts are received.
      case IOException e when Bodies.isBroken(e) -> error(400, Bodies.INCOMPLETE, e);
      case IllegalArgumentException e -> error(400, "invalid_value", e);
      case MaxUploadSizeExceededException e ->
          new ApiException(
              413,
              "request_too_large",
              "file",
              "The file is larger than the "
                  + limits.maxUploadBytes()
                  + " bytes that are taken in.");
      case MultipartException e when Bodies.isBroken(e) -> error(400, Bodies.INCOMPLETE, e);
      case MultipartException e ->
          new ApiException(
              400,
              "invalid_multipart",
              null,
              "The form could not be read: send multipart/form-data with a part 'file'. "
                  + message(e));
      case NoResourceFoundException e ->
          new ApiException(
              404,
              "unknown_url",
              null,
              "There is nothing at /" + e.getResourcePath() + ": see /openapi.json.");
      case HttpRequestMethodNotSupportedException e ->
          new ApiException(
              405,
              "method_not_allowed",
              null,
              "The method " + e.getMethod() + " is not for this address.");
      case MethodArgumentTypeMismatchException e ->
          ApiException.wrongValue(
              e.getName(), "'" + e.getName() + "' is '" + e.getValue() + "', which it cannot be.");
      case ErrorResponse e ->
          new ApiException(e.getStatusCode().value(), "invalid_request", null, message(failure));
      default -> {
        log.error("a request failed", failure);
        yield new ApiException(
            500, "internal_error", null, "a defect of the server, see its log: " + failure);
      }
    };
  }

  private static ApiException error(int status, String code, Throwable failure) {
    return new ApiException(status, code, null, message(failure));
  }

  private static String message(Throwable failure) {
    @Nullable String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }
}
