package io.ltri.index.blob;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobProviderMetadata;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStoreContext;

/**
 * S3Proxy in this process, over memory, with one bucket. This version of it knows no conditions of
 * puts, so a server before it decides those: it asks for the version and puts, one put at a time.
 */
public final class S3Server implements AutoCloseable {

  public static final String BUCKET = "library";

  private static final List<String> CARRIED = List.of("content-md5", "content-type", "range");
  private static final List<String> NOT_RETURNED =
      List.of("content-length", "transfer-encoding", "connection", ":status");

  private final BlobStoreContext memory;
  private final S3Proxy proxy;
  private final HttpServer front;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ReentrantLock turn = new ReentrantLock();
  private final boolean conditions;

  public S3Server() throws Exception {
    this(true);
  }

  /**
   * @param conditions false: it takes no notice of the conditions of puts
   */
  S3Server(boolean conditions) throws Exception {
    this.conditions = conditions;
    System.setProperty("aws.accessKeyId", "test-key");
    System.setProperty("aws.secretAccessKey", "test-secret");
    memory =
        ContextBuilder.newBuilder(new TransientNio2BlobProviderMetadata())
            .credentials("any", "any")
            .build(BlobStoreContext.class);
    memory.getBlobStore().createContainerInLocation(null, BUCKET);
    proxy =
        S3Proxy.builder()
            .blobStore(memory.getBlobStore())
            .endpoint(URI.create("http://127.0.0.1:0"))
            .ignoreUnknownHeaders(true)
            .awsAuthentication(AuthenticationType.NONE, "", "")
            .build();
    proxy.start();
    while (!proxy.getState().equals("STARTED")) {
      Thread.sleep(10);
    }
    front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    front.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    front.createContext("/", this::serve);
    front.start();
  }

  public int port() {
    return front.getAddress().getPort();
  }

  /** As the setting names it, reached by a port of this machine. */
  public static String place(int port) {
    return "s3://%s/some/prefix?endpoint=http://127.0.0.1:%d&region=eu-test-1&path-style=true"
        .formatted(BUCKET, port);
  }

  private void serve(HttpExchange call) throws IOException {
    try (call) {
      byte[] body = call.getRequestBody().readAllBytes();
      String absent = call.getRequestHeaders().getFirst("If-None-Match");
      String version = call.getRequestHeaders().getFirst("If-Match");
      boolean put = call.getRequestMethod().equals("PUT");
      turn.lock();
      try {
        if (conditions && put && (absent != null || version != null)) {
          HttpResponse<byte[]> there = forward(call, "HEAD", new byte[0]);
          String found = there.headers().firstValue("ETag").orElse("");
          if (there.statusCode() == 404 ? version != null : !found.equals(version)) {
            call.sendResponseHeaders(there.statusCode() == 404 ? 404 : 412, -1);
            return;
          }
        }
        answer(call, forward(call, call.getRequestMethod(), body));
      } finally {
        turn.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpResponse<byte[]> forward(HttpExchange call, String method, byte[] body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + proxy.getPort() + call.getRequestURI()))
            .method(
                method,
                body.length == 0 && !method.equals("PUT")
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(body));
    call.getRequestHeaders()
        .forEach(
            (name, values) -> {
              if (CARRIED.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
              }
            });
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static void answer(HttpExchange call, HttpResponse<byte[]> answer) throws IOException {
    answer
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (!NOT_RETURNED.contains(name.toLowerCase(Locale.ROOT))) {
                call.getResponseHeaders().put(name, values);
              }
            });
    byte[] body = answer.body();
    call.sendResponseHeaders(answer.statusCode(), body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      call.getResponseBody().write(body);
    }
  }

  @Override
  public void close() throws Exception {
    front.stop(0);
    client.shutdownNow();
    proxy.stop();
    memory.close();
  }
}
