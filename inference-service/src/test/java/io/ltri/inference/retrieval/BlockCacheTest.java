package io.ltri.inference.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class BlockCacheTest {

  private static final Duration LONG = Duration.ofSeconds(30);

  private final BlockCache cache = new BlockCache(1 << 20);
  private final List<List<Integer>> fetched = Collections.synchronizedList(new ArrayList<>());
  private volatile Function<int[], List<SpanBlock>> answers = BlockCacheTest::blocks;
  private final SpanIndex index =
      (SpanIndex)
          Proxy.newProxyInstance(
              SpanIndex.class.getClassLoader(),
              new Class<?>[] {SpanIndex.class},
              (proxy, method, arguments) -> {
                int[] spans = (int[]) arguments[2];
                fetched.add(Arrays.stream(spans).boxed().toList());
                return answers.apply(spans);
              });

  @Test
  void whatIsHereIsNotFetchedAgain() {
    assertThat(get(1, 2).fetched()).isEqualTo(2);
    BlockCache.Blocks found = get(2, 3, 1);
    assertThat(found.fetched()).isEqualTo(1);
    assertThat(found.blocks().stream().map(block -> block.start())).containsExactly(20, 30, 10);
    assertThat(fetched).containsExactly(List.of(1, 2), List.of(3));
  }

  @Test
  void whatIsOnItsWayIsNotFetchedAgain() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch may = new CountDownLatch(1);
    answers = held(asked, may, BlockCacheTest::blocks);
    CompletableFuture<BlockCache.Blocks> first = async(() -> get(1, 2));
    await(asked);
    assertThat(cache.has("d", 0, 1)).isTrue();
    CompletableFuture<BlockCache.Blocks> second = async(() -> get(2));
    may.countDown();
    assertThat(first.get(30, TimeUnit.SECONDS).fetched()).isEqualTo(2);
    assertThat(second.get(30, TimeUnit.SECONDS).fetched()).isZero();
    assertThat(second.get().blocks().getFirst().start()).isEqualTo(20);
    assertThat(fetched).hasSize(1);
  }

  @Test
  void whatFailsForOneIsFetchedForTheOther() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch may = new CountDownLatch(1);
    answers = held(asked, may, failing(IndexException.Reason.UNAVAILABLE, "gone"));
    CompletableFuture<BlockCache.Blocks> first = async(() -> get(1));
    await(asked);
    CompletableFuture<BlockCache.Blocks> second =
        async(
            () -> {
              answers = BlockCacheTest::blocks;
              may.countDown();
              return get(1);
            });
    assertThatThrownBy(() -> first.get(30, TimeUnit.SECONDS)).hasMessageContaining("gone");
    assertThat(second.get(30, TimeUnit.SECONDS).blocks().getFirst().start()).isEqualTo(10);
  }

  @Test
  void whoWaitsForAnotherWaitsNoLongerThanItMay() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch may = new CountDownLatch(1);
    answers = held(asked, may, BlockCacheTest::blocks);
    CompletableFuture<BlockCache.Blocks> first = async(() -> get(1));
    await(asked);
    answers = failing(IndexException.Reason.TOO_LATE, "no time is left");
    assertThatThrownBy(() -> cache.get(index, "d", 0, new int[] {1}, Duration.ofMillis(20)))
        .hasMessageContaining("no time is left");
    may.countDown();
    assertThat(first.get(30, TimeUnit.SECONDS).blocks()).hasSize(1);
  }

  @Test
  void aFailureLeavesNothing() {
    answers = failing(IndexException.Reason.DAMAGED, "damaged");
    assertThatThrownBy(() -> get(1)).hasMessageContaining("damaged");
    assertThat(cache.has("d", 0, 1)).isFalse();
    answers = BlockCacheTest::blocks;
    assertThat(get(1).fetched()).isEqualTo(1);
    cache.forget("d");
    assertThat(cache.sizeBytes()).isZero();
  }

  private BlockCache.Blocks get(int... spans) {
    return cache.get(index, "d", 0, spans, LONG);
  }

  /** Says that it was asked, and answers when it may. */
  private static Function<int[], List<SpanBlock>> held(
      CountDownLatch asked, CountDownLatch may, Function<int[], List<SpanBlock>> answer) {
    return spans -> {
      asked.countDown();
      await(may);
      return answer.apply(spans);
    };
  }

  private static Function<int[], List<SpanBlock>> failing(
      IndexException.Reason reason, String message) {
    return spans -> {
      throw new IndexException(reason, message);
    };
  }

  private static <T> CompletableFuture<T> async(Supplier<T> call) {
    return CompletableFuture.supplyAsync(call, Thread::startVirtualThread);
  }

  private static List<SpanBlock> blocks(int[] spans) {
    return Arrays.stream(spans)
        .mapToObj(
            span ->
                new SpanBlock(
                    10 * span,
                    10 * span + 1,
                    MemorySegment.ofArray(new byte[8]),
                    MemorySegment.ofArray(new byte[8])))
        .toList();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
