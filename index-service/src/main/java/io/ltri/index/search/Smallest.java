package io.ltri.index.search;

import java.util.Arrays;

/** The smallest of many numbers, without sorting the rest. */
final class Smallest {

  /** Below so many, sorting all is quicker. */
  private static final int FEW = 64;

  private Smallest() {}

  /** Brings the smallest of {@code numbers[from, length)} to {@code [from, to)}, in order. */
  static void first(long[] numbers, int from, int to) {
    int low = from;
    int high = numbers.length;
    // Everything before low belongs to the smallest, nothing from high on does.
    while (high - low > FEW && low < to && to < high) {
      long pivot = middle(numbers[low], numbers[(low + high) >>> 1], numbers[high - 1]);
      int left = low;
      int right = high - 1;
      while (left <= right) {
        while (numbers[left] < pivot) {
          left++;
        }
        while (numbers[right] > pivot) {
          right--;
        }
        if (left <= right) {
          long swapped = numbers[left];
          numbers[left++] = numbers[right];
          numbers[right--] = swapped;
        }
      }
      if (to <= right) {
        high = right + 1;
      } else if (to >= left) {
        low = left;
      } else {
        break;
      }
    }
    if (high - low <= FEW) {
      Arrays.sort(numbers, low, high);
    }
    Arrays.sort(numbers, from, to);
  }

  private static long middle(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
