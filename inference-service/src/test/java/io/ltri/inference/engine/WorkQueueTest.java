package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The order of work, with passes that compute nothing. */
class WorkQueueTest {

  private static final class Fake implements WorkQueue.Pass {
    private final String tenant;
    private final String sequence;
    private final int tokens;
    private final boolean reads;
    private boolean ready = true;
    private int halvesLeft = 60;

    Fake(String tenant, String sequence, int tokens, boolean reads) {
      this.tenant = tenant;
      this.sequence = sequence;
      this.tokens = tokens;
      this.reads = reads;
    }

    static Fake step(String tenant, String sequence) {
      return new Fake(tenant, sequence, 1, false);
    }

    static Fake reading(String tenant, String sequence) {
      return new Fake(tenant, sequence, 512, true);
    }

    @Override
    public String tenant() {
      return tenant;
    }

    @Override
    public Object sequence() {
      return sequence;
    }

    @Override
    public int tokens() {
      return tokens;
    }

    @Override
    public boolean reads() {
      return reads;
    }

    @Override
    public boolean isReady() {
      return ready;
    }
  }

  private final WorkQueue<Fake> queue = new WorkQueue<>();

  WorkQueueTest() {
    queue.mostTogether(4);
  }

  /** What runs next, as text; a chunk that is not at its end goes back into the queue. */
  private String run() {
    return switch (queue.next(false)) {
      case null -> "nothing";
      case WorkQueue.Work.Task<Fake>(Runnable task) -> "task";
      case WorkQueue.Work.Steps<Fake>(List<Fake> passes) ->
          String.join(" ", passes.stream().map(pass -> pass.sequence).toList());
      case WorkQueue.Work.Slice<Fake>(Fake pass, int halves) -> {
        pass.halvesLeft -= halves;
        if (pass.halvesLeft > 0) {
          queue.add(pass);
        }
        yield pass.sequence + "/" + Math.min(halves, halves + pass.halvesLeft);
      }
    };
  }

  private List<String> run(int times) {
    List<String> done = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      done.add(run());
    }
    return done;
  }

  @Test
  void aReadingGetsHalfALayerBetweenTwoStepsOfAnAnswer() {
    for (int chunk = 0; chunk < 2; chunk++) {
      queue.add(Fake.reading("a", "book"));
      for (int half = 0; half < 60; half++) {
        queue.add(Fake.step("a", "answer"));
        assertThat(run(2)).containsExactly("answer", "book/1");
      }
    }
    assertThat(run()).isEqualTo("nothing");
  }

  @Test
  void aReadingAloneGoesThroughItsLayersWithoutAPause() {
    queue.add(Fake.reading("a", "book"));
    assertThat(run(61)).containsOnly("book/1", "nothing").endsWith("book/1", "nothing");
  }

  @Test
  void aShortPromptTakesFewTurnsBesideStepsAndReadings() {
    queue.add(Fake.reading("a", "book"));
    queue.add(new Fake("b", "question", 32, false));
    List<String> done = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      queue.add(Fake.step("a", "answer"));
      done.addAll(run(2));
    }
    assertThat(done)
        .containsExactly(
            "answer",
            "question/31",
            "answer",
            "book/1",
            "answer",
            "question/29",
            "answer",
            "book/1");
  }

  @Test
  void allStepsThatWaitGoTogetherAndTenantsShareTheBatch() {
    for (int i = 0; i < 6; i++) {
      queue.add(Fake.step("many", "m" + i));
    }
    queue.add(Fake.step("one", "o"));
    assertThat(run()).isEqualTo("m0 o m1 m2");
    queue.add(Fake.step("one", "o"));
    assertThat(run()).isEqualTo("m3 o m4 m5");
  }

  @Test
  void noSequenceIsTwiceInOneBatch() {
    queue.add(Fake.step("a", "s"));
    queue.add(Fake.step("a", "s"));
    assertThat(run(2)).containsExactly("s", "s");
  }

  @Test
  void stepsWaitForThoseWithWhichTheyWentUnlessTheseHaveEnded() {
    queue.add(Fake.step("a", "s"));
    queue.add(Fake.step("a", "t"));
    queue.add(Fake.step("a", "u"));
    assertThat(run()).isEqualTo("s t u");
    queue.add(Fake.step("a", "s"));
    assertThat(queue.next(true)).isNull();
    assertThat(queue.gathers()).isTrue();
    queue.add(Fake.step("a", "t"));
    assertThat(queue.next(true)).isNull();
    queue.ended("u");
    assertThat(queue.gathers()).isFalse();
    assertThat(run()).isEqualTo("s t");
  }

  @Test
  void nobodyWaitsLongerThanOnceForALateOne() {
    queue.add(Fake.step("a", "s"));
    queue.add(Fake.step("a", "t"));
    assertThat(run()).isEqualTo("s t");
    queue.add(Fake.step("a", "s"));
    assertThat(queue.next(true)).isNull();
    assertThat(run()).isEqualTo("s");
    queue.add(Fake.step("a", "s"));
    assertThat(queue.next(true)).isInstanceOf(WorkQueue.Work.Steps.class);
  }

  @Test
  void aChunkThatWaitsForTheIndexLetsOthersGoFirst() {
    Fake slow = Fake.reading("a", "slow");
    slow.ready = false;
    queue.add(slow);
    assertThat(run()).isEqualTo("nothing");
    assertThat(queue.hasChunks()).isTrue();
    queue.add(Fake.reading("b", "quick"));
    queue.add(Fake.step("a", "answer"));
    assertThat(run(3)).containsExactly("answer", "quick/1", "quick/1");
    slow.ready = true;
    assertThat(run(2)).containsExactly("slow/1", "quick/1");
  }

  @Test
  void readingsOfTenantsTakeTurns() {
    queue.add(Fake.reading("many", "m0"));
    queue.add(Fake.reading("many", "m1"));
    queue.add(Fake.reading("many", "m2"));
    queue.add(Fake.reading("one", "o"));
    List<String> done = run(40);
    assertThat(done.stream().filter("o/1"::equals)).hasSize(20);
  }

  @Test
  void tasksTakeTurnsWithTheRest() {
    queue.add(Fake.step("a", "s"));
    queue.add(Fake.reading("a", "book"));
    queue.add(() -> {});
    queue.add(() -> {});
    assertThat(run(4)).containsExactly("task", "s", "book/1", "task");
  }
}
