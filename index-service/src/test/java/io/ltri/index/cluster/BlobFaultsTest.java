package io.ltri.index.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.index.blob.S3Server;
import io.ltri.index.store.LifeSettings;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.UnavailableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Object stores that fail: nothing wrong is served, and publishing goes on. */
@Tag("slow")
class BlobFaultsTest {

  @TempDir Path folder;

  private final TestNode.Clock clock = new TestNode.Clock();

  enum Kind {
    LATENCY(blobs -> blobs.slow = 0.5),
    REFUSED(blobs -> blobs.refused = 0.4),
    ANSWER_LOST(blobs -> blobs.answerLost = 0.3),
    STALE_LIST(blobs -> blobs.staleList = 0.7),
    CUT_READ(blobs -> blobs.cutRead = 0.6),
    EVERYTHING(blobs -> blobs.everything(0.15));

    final Consumer<FaultyBlobs> set;

    Kind(Consumer<FaultyBlobs> set) {
      this.set = set;
    }
  }

  @ParameterizedTest
  @EnumSource
  void documentsArriveWholeOrNotAtAllAndAllOfThemInTheEnd(Kind kind) throws Exception {
    long seed = 20_270 + kind.ordinal();
    Path library = Files.createDirectory(folder.resolve("library"));
    SealedSample sample = new SealedSample(seed);
    String place = "folder:" + library;
    try (TestNode one =
            new TestNode(folder.resolve("one"), place, clock, LifeSettings.UNLIMITED, seed);
        TestNode two =
            new TestNode(folder.resolve("two"), place, clock, LifeSettings.UNLIMITED, seed + 1)) {
      one.serveAll();
      two.serveAll();
      TestNode.meet(one, two);
      kind.set.accept(one.blobs);
      kind.set.accept(two.blobs);
      for (int i = 0; i < 4; i++) {
        try {
          sample.seal(one.store, SearchMode.SCAN);
        } catch (UnavailableException e) {
          one.shared.reconcile();
        }
        two.shared.reconcile();
        for (String id : two.ids()) {
          sample.assertWhole(two.store, id);
        }
      }
      assertThat(one.blobs.faults.get() + two.blobs.faults.get()).as("seed %d", seed).isPositive();
      one.blobs.heal();
      two.blobs.heal();
      one.shared.reconcile();
      two.shared.reconcile();
      assertThat(one.ids()).hasSize(4);
      assertThat(two.ids()).containsExactlyInAnyOrderElementsOf(one.ids());
      for (String id : two.ids()) {
        sample.assertWhole(two.store, id);
      }
      assertThat(one.shared.unpublished()).isZero();
    }
  }

  @Test
  void connectionsToS3AreCutAndNothingIsLost() throws Exception {
    SealedSample sample = new SealedSample(5);
    try (S3Server server = new S3Server();
        CuttingProxy proxy = new CuttingProxy(server.port())) {
      String place = S3Server.place(proxy.port());
      try (TestNode one =
              new TestNode(folder.resolve("one"), place, clock, LifeSettings.UNLIMITED, 1);
          TestNode two =
              new TestNode(folder.resolve("two"), place, clock, LifeSettings.UNLIMITED, 2)) {
        one.serveAll();
        two.serveAll();
        TestNode.meet(one, two);
        proxy.most = 30_000;
        String id;
        try {
          id = sample.seal(one.store, SearchMode.GRAPH);
        } catch (UnavailableException e) {
          id = one.ids().getFirst();
        }
        one.shared.reconcile();
        two.shared.reconcile();
        assertThat(proxy.cuts.get()).isPositive();
        for (String arrived : two.ids()) {
          sample.assertWhole(two.store, arrived);
        }
        proxy.most = 0;
        one.shared.reconcile();
        two.shared.reconcile();
        sample.assertWhole(two.store, id);
        two.store.delete(id);
        assertThat(one.ids()).isEmpty();
        assertThat(one.keys()).hasSize(1);
      }
    }
  }
}
