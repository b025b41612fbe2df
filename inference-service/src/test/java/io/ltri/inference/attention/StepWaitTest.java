package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.retrieval.IndexException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StepWaitTest {

  private int calls;

  private int failTwice() {
    if (calls++ < 2) {
      throw new IndexException(IndexException.Reason.UNAVAILABLE, "away");
    }
    return calls;
  }

  @Test
  void whereAFailureEndsTheSequenceItIsTriedUntilTheDeadline() {
    StepWait wait = new StepWait(Duration.ofSeconds(30), true);
    assertThat(wait.<Integer>call(left -> failTwice())).isEqualTo(3);
  }

  @Test
  void anInterruptedThreadTriesOnce() {
    StepWait wait = new StepWait(Duration.ofSeconds(30), true);
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> wait.<Integer>call(left -> failTwice())).hasMessage("away");
      assertThat(calls).isEqualTo(1);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}
