package io.ltri.index.store;

/** How the summary vectors of a document are searched. Fixed when the document is sealed. */
public enum SearchMode {
  /** Every summary vector is compared. */
  SCAN,
  /** A graph (HNSW) per layer and KV head is walked; what it finds is scored exactly. */
  GRAPH
}
