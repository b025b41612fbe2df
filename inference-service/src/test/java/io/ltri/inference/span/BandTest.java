package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BandTest {

  private static final int WIDTH = 6;
  private static final int SINK = 3;
  private final double[][] map = Maps.noise(new Random(5), 200);

  @Test
  void holdsTheDiagonalOfTheMap() {
    Band band = Maps.band(map, WIDTH, SINK);
    for (int row = 0; row < map.length; row++) {
      for (int offset = 0; offset < WIDTH; offset++) {
        double expected = row - offset >= SINK ? map[row][row - offset] : 0;
        assertThat(band.at(row, offset))
            .as("row %d offset %d", row, offset)
            .isEqualTo((float) expected);
      }
    }
  }

  @Test
  void columnsLeaveOutSinkAndWhatTheTextDoesNotHave() {
    Band band = new Band(WIDTH, SINK);
    assertThat(band.columns(0)).isZero();
    assertThat(band.columns(2)).isZero();
    assertThat(band.columns(3)).isEqualTo(1);
    assertThat(band.columns(7)).isEqualTo(5);
    assertThat(band.columns(8)).isEqualTo(WIDTH);
    assertThat(band.columns(1_000_000_000)).isEqualTo(WIDTH);
  }

  @Test
  void rowsStayInPlaceWhileTheBandSlides() {
    Random random = new Random(6);
    Band band = new Band(WIDTH, SINK);
    while (band.endRow() < map.length) {
      int n = Math.min(random.nextInt(17), map.length - band.endRow());
      band.append(Maps.rows(map, WIDTH, band.endRow(), band.endRow() + n), n);
      band.dropBefore(Math.max(0, band.endRow() - random.nextInt(30)));
      for (int row = band.firstRow(); row < band.endRow(); row++) {
        double expected = row - 1 >= SINK ? map[row][row - 1] : 0;
        assertThat(band.at(row, 1)).isEqualTo((float) expected);
      }
    }
  }

  @Test
  void memoryFollowsTheRowsHeldNotTheText() {
    Band band = new Band(WIDTH, SINK);
    float[] rows = new float[10 * WIDTH];
    for (int i = 0; i < 10_000; i++) {
      band.append(rows, 10);
      band.dropBefore(band.endRow() - 25);
    }
    assertThat(band.endRow()).isEqualTo(100_000);
    assertThat(band.cells().length).isLessThanOrEqualTo(2 * 35 * WIDTH);
  }

  @Test
  void nativeAndHeapRowsAreTheSame() {
    float[] rows = Maps.rows(map, WIDTH, 0, 50);
    Band fromHeap = new Band(WIDTH, SINK);
    fromHeap.append(rows, 50);
    Band fromNative = new Band(WIDTH, SINK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_FLOAT, rows);
      fromNative.append(segment, 50);
    }
    assertThat(fromNative.export(0)).isEqualTo(fromHeap.export(0));
  }

  @Test
  void exportedRowsComeBackAndGoOn() {
    Band band = new Band(WIDTH, SINK);
    band.append(Maps.rows(map, WIDTH, 0, 120), 120);
    band.dropBefore(40);

    Band restored = Band.restore(WIDTH, SINK, 55, band.export(55));
    assertThat(restored.firstRow()).isEqualTo(55);
    assertThat(restored.endRow()).isEqualTo(120);
    float[] more = Maps.rows(map, WIDTH, 120, 200);
    band.append(more, 80);
    restored.append(more, 80);
    for (int row = 55; row < 200; row++) {
      for (int offset = 0; offset < WIDTH; offset++) {
        assertThat(restored.at(row, offset)).isEqualTo(band.at(row, offset));
      }
    }
    assertThat(Band.restore(WIDTH, SINK, 200, band.export(200)).endRow()).isEqualTo(200);
  }

  @Test
  void badInputSaysWhatIsWrong() {
    Band band = new Band(WIDTH, SINK, 10);
    assertThatThrownBy(() -> band.append(new float[11], 2)).hasMessageContaining("48 bytes");
    float[] rows = new float[2 * WIDTH];
    rows[WIDTH + 2] = Float.NaN;
    assertThatThrownBy(() -> band.append(rows, 2))
        .hasMessageContaining("token 11")
        .hasMessageContaining("not finite");
    assertThat(band.endRow()).isEqualTo(10);
    assertThatThrownBy(() -> Band.restore(WIDTH, SINK, 0, new byte[25]))
        .hasMessageContaining("cut off");
    assertThatThrownBy(() -> band.export(9)).hasMessageContaining("[10, 10)");
    assertThatThrownBy(() -> band.at(10, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> band.dropBefore(11)).hasMessageContaining("ends at 10");
  }
}
