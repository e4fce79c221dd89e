"""The NumPy moments in JAX: double precision, CPU, compiled by `jax.jit`."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def compile_counts(moments):
    """Counts at one point as a compiled function of mass and coupling."""
    q2, a, b, c = (jnp.asarray(x) for x in (moments.q2, moments.a, moments.b, moments.c))

    @jax.jit
    def counts(mass, coupling):
        p, g2 = 1 / (q2 + mass * mass), coupling * coupling
        return a + g2 * (p @ b + g2 * ((p * p) @ c))

    return lambda mass, coupling: counts(mass, coupling).block_until_ready()


def compile_grid(moments, profile, sigma):
    """chi2 of a grid as a compiled function of masses and couplings; one background, with its pull."""
    q2, a, b, c = (jnp.asarray(x) for x in (moments.q2, moments.a, moments.b, moments.c))
    (scaled,) = profile.scaled
    # matrices would cost more than vectors: P = W - W B B' W / (1 + B' W B)
    weight, projected, background = (
        jnp.asarray(sigma**-2.0),
        jnp.asarray(profile.projected),
        jnp.asarray(scaled / sigma**2),
    )
    cross = 1 + ((scaled / sigma) ** 2).sum()

    @jax.jit
    def grid(masses, couplings):
        p, g2 = 1 / (q2 + jnp.square(masses)[:, None]), jnp.square(couplings)[:, None]
        counts = a + g2 * ((p @ b)[:, None] + g2 * ((p * p) @ c)[:, None])
        u, h = counts @ projected + profile.pull, counts @ background
        return profile.base - u * u / ((counts * counts) @ weight + profile.pull - h * h / cross)

    return lambda masses, couplings: grid(masses, couplings).block_until_ready()
