mod cluster_of_one;
mod leading;
mod membership;
mod suite;
mod three;
