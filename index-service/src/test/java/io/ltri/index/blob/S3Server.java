package io.ltri.index.blob;

import java.net.URI;
import java.util.Properties;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobProviderMetadata;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStoreContext;

/** S3Proxy in this process, over memory, with one bucket. */
public final class S3Server implements AutoCloseable {

  public static final String BUCKET = "library";

  private static final String KEY_ID = "test-key";
  private static final String SECRET = "test-secret";

  private final BlobStoreContext memory;
  private final S3Proxy proxy;

  public S3Server() throws Exception {
    System.setProperty("aws.accessKeyId", KEY_ID);
    System.setProperty("aws.secretAccessKey", SECRET);
    memory =
        ContextBuilder.newBuilder(new TransientNio2BlobProviderMetadata())
            .overrides(new Properties())
            .credentials("any", "any")
            .build(BlobStoreContext.class);
    memory.getBlobStore().createContainerInLocation(null, BUCKET);
    proxy =
        S3Proxy.builder()
            .blobStore(memory.getBlobStore())
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(AuthenticationType.AWS_V4, KEY_ID, SECRET)
            .build();
    proxy.start();
    while (!proxy.getState().equals("STARTED")) {
      Thread.sleep(10);
    }
  }

  public int port() {
    return proxy.getPort();
  }

  /** As the setting names it, reached by a port of this machine. */
  public static String place(int port) {
    return "s3://%s/some/prefix?endpoint=http://127.0.0.1:%d&region=eu-test-1&path-style=true"
        .formatted(BUCKET, port);
  }

  @Override
  public void close() throws Exception {
    proxy.stop();
    memory.close();
  }
}
