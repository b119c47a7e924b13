"""Sampling (§3, last paragraph): from noise to latents, with a network that is not known here.

objectives.py   what the network predicts: v or rectified flow, in (alpha, sigma)
schedules.py    which noise levels are visited: data
solvers.py      how one level leads to the next: generators that yield every step
guidance.py     a network and two conditionings made into the denoiser a solver sees
noise.py        every random number, from one seed
"""
