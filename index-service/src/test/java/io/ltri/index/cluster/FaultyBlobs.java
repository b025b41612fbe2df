package io.ltri.index.cluster;

import io.ltri.index.blob.Blob;
import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import io.ltri.index.blob.ListedBlob;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A blob store that fails as object stores do, at random or until told otherwise. */
final class FaultyBlobs implements BlobStore {

  private final BlobStore inner;
  private final Random random;
  private final Map<String, List<ListedBlob>> lists = new ConcurrentHashMap<>();

  /** Shares of operations that fail, from 0 to 1. */
  volatile double refused;

  volatile double answerLost;
  volatile double staleList;
  volatile double cutRead;
  volatile double slow;
  volatile double deleteRefused;
  volatile boolean down;

  /** The planted bug. */
  volatile boolean ignoreTombstones;

  /** So many bytes of puts succeed, then it is down; negative: no limit. */
  final AtomicInteger putsLeft = new AtomicInteger(-1);

  final AtomicInteger faults = new AtomicInteger();
  final AtomicInteger puts = new AtomicInteger();

  FaultyBlobs(BlobStore inner, long seed) {
    this.inner = inner;
    this.random = new Random(seed);
  }

  void heal() {
    refused = 0;
    answerLost = 0;
    staleList = 0;
    cutRead = 0;
    slow = 0;
    down = false;
    putsLeft.set(-1);
  }

  void everything(double share) {
    refused = share;
    answerLost = share;
    staleList = share;
    cutRead = share;
    slow = share;
  }

  private synchronized boolean chance(double share) {
    boolean happens = share > 0 && random.nextDouble() < share;
    if (happens) {
      faults.incrementAndGet();
    }
    return happens;
  }

  private synchronized int below(int bound) {
    return random.nextInt(bound);
  }

  private static BlobException unavailable(String what) {
    return new BlobException(BlobException.Reason.UNAVAILABLE, "injected: " + what);
  }

  private <T> T faulty(Supplier<T> work) {
    if (chance(slow)) {
      try {
        Thread.sleep(below(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (down || chance(refused)) {
      throw unavailable("503");
    }
    T answer = work.get();
    if (chance(answerLost)) {
      throw unavailable("the answer was lost");
    }
    return answer;
  }

  private void countPut() {
    puts.incrementAndGet();
    if (putsLeft.get() >= 0 && putsLeft.getAndDecrement() <= 0) {
      putsLeft.set(0);
      throw unavailable("down in the middle");
    }
  }

  @Override
  public String place() {
    return inner.place();
  }

  @Override
  public void put(String key, Path file, String sha256) {
    faulty(
        () -> {
          countPut();
          inner.put(key, file, sha256);
          return true;
        });
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes) {
    return faulty(
        () -> {
          countPut();
          return inner.putIfAbsent(key, bytes);
        });
  }

  @Override
  public @Nullable Blob read(String key) {
    return ignoreTombstones && key.startsWith("deleted/") ? null : faulty(() -> inner.read(key));
  }

  @Override
  public boolean replace(String key, byte[] bytes, String version) {
    return faulty(() -> inner.replace(key, bytes, version));
  }

  @Override
  public InputStream open(String key, long from) {
    InputStream in = faulty(() -> inner.open(key, from));
    if (!chance(cutRead)) {
      return in;
    }
    boolean early = below(2) == 0;
    int[] left = {below(2000)};
    return new FilterInputStream(in) {
      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        if (left[0] <= 0) {
          if (early) {
            return -1;
          }
          throw new IOException("injected: connection reset");
        }
        int bytes = super.read(into, offset, Math.min(length, left[0]));
        left[0] -= Math.max(0, bytes);
        return bytes;
      }
    };
  }

  /** A stale list is the one before, of the same folder. */
  @Override
  public List<ListedBlob> list(String folder) {
    if (ignoreTombstones && folder.startsWith("deleted/")) {
      return List.of();
    }
    List<ListedBlob> before = lists.get(folder);
    List<ListedBlob> now = faulty(() -> inner.list(folder));
    lists.put(folder, now);
    return before != null && chance(staleList) ? before : now;
  }

  @Override
  public void delete(String key) {
    if (chance(deleteRefused)) {
      throw unavailable("503");
    }
    faulty(
        () -> {
          inner.delete(key);
          return true;
        });
  }

  @Override
  public void close() {
    inner.close();
  }
}
