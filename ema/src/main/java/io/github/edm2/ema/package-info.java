/**
 * Power-function and post-hoc EMA for any Deeplearning4j or SameDiff model (Karras et al.,
 * arXiv:2312.02696, section 3).
 *
 * <p>While training, {@link io.github.edm2.ema.EmaListener} (or {@link
 * io.github.edm2.ema.EmaTracker}, driven by one's own loop) averages the weights and puts snapshots
 * into a {@link io.github.edm2.ema.SnapshotStore}. Afterwards the store reconstructs averages of
 * any length:
 *
 * <pre>{@code
 * net.addListeners(EmaListener.builder().snapshotEvery(100_000).store(folder).build());
 * net.fit(data, epochs);
 * Reconstruction r = SnapshotStore.open(folder).reconstruct(0.03, 0.075, 0.15);
 * r.get(0.075).applyTo(net);
 * }</pre>
 */
package io.github.edm2.ema;
