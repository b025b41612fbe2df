package io.ltri.index.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against S3Proxy in this process. */
class S3BlobStoreTest extends BlobStoreContract {

  /** The least that S3 takes for a part that is not the last. */
  private static final int PART = 5 << 20;

  private static S3Server server;
  private static BlobStore store;

  @BeforeAll
  static void start() throws Exception {
    server = new S3Server();
    store = new S3BlobStore(BlobStores.s3(S3Server.place(server.port())), PART);
  }

  @AfterAll
  static void stop() throws Exception {
    store.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    for (String folder : new String[] {"a/", "deleted/", "list/", "gone/", "race/", "shards/"}) {
      store.list(folder).forEach(blob -> store.delete(blob.key()));
    }
  }

  @Override
  BlobStore store() {
    return store;
  }

  @Test
  void bucketThatIsMissingIsSaidToBe() {
    String place = S3Server.place(server.port()).replace("s3://library/", "s3://another/");
    try (BlobStore other = BlobStores.open(place)) {
      assertThatThrownBy(() -> other.read("a"))
          .isInstanceOf(BlobException.class)
          .hasMessageContaining("another");
    }
  }

  @Test
  void storeThatTakesNoNoticeOfConditionsIsFoundOut() throws Exception {
    try (S3Server careless = new S3Server(false);
        BlobStore other = BlobStores.open(S3Server.place(careless.port()))) {
      assertThatThrownBy(() -> BlobStores.requireConditions(other))
          .isInstanceOf(BlobException.class)
          .hasMessageContaining("If-None-Match");
    }
    BlobStores.requireConditions(store);
    BlobStores.requireConditions(store);
  }

  @Test
  void placeThatMakesNoSenseIsRefused() {
    for (String place :
        new String[] {"s3://", "s3:///x", "s3://b?colour=red", "/path", "s3://key:secret@b/"}) {
      assertThatThrownBy(() -> BlobStores.open(place))
          .as(place)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(BlobStores.s3("s3://b")).isEqualTo(new S3Place("b", "", null, null, false));
  }
}
